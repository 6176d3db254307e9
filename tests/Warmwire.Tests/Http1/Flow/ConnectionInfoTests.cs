using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>What a response tells of the connection that brought it, and what of the context sticks to that connection.</summary>
public sealed class ConnectionInfoTests
{
    private static readonly AsyncLocal<object?> s_local = new();

    [Fact]
    public async Task A_fresh_connection_and_then_the_same_one_again()
    {
        using var rig = new Rig();
        rig.Network.HoldDials = true;
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        Dial dial = await rig.Network.NextDialAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(2));
        ScriptedPeer peer = dial.Accept();
        await peer.ReadRequestAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(3));
        await peer.SendResponseAsync(200, "x");
        TransportConnectionInfo fresh = (await sending).GetConnectionInfo()!;
        Assert.False(fresh.Reused);
        Assert.Equal(
            (TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), 0),
            (fresh.IdleTime, fresh.QueueTime, fresh.ResponseHeadersTime, fresh.Replays));
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.Zero), (fresh.DnsTime, fresh.ConnectTime, fresh.TlsTime));
        Assert.Null(fresh.RemoteEndPoint);

        rig.Time.Advance(TimeSpan.FromSeconds(7));
        sending = rig.SendAsync(Rig.Get());
        await peer.AnswerAsync(200, "x");
        TransportConnectionInfo again = (await sending).GetConnectionInfo()!;
        Assert.True(again.Reused);
        Assert.Equal(fresh.ConnectionId, again.ConnectionId);
        Assert.Equal((TimeSpan.FromSeconds(7), TimeSpan.Zero, TimeSpan.Zero), (again.IdleTime, again.QueueTime, again.ConnectTime));
    }

    [Fact]
    public async Task A_replayed_request_says_so()
    {
        using var rig = new Rig();
        ScriptedPeer dead = await rig.WarmUpAsync();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        await dead.ReadRequestAsync();
        dead.Close();
        await (await rig.Network.AcceptAsync()).AnswerAsync(200, "x");
        TransportConnectionInfo info = (await sending).GetConnectionInfo()!;
        Assert.Equal((1, false), (info.Replays, info.Reused));
    }

    [Fact]
    public async Task It_is_there_through_decompression_and_with_real_addresses()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            await gzip.WriteAsync("hello"u8.ToArray());
        });
        using var handler = new PooledHttpHandler { UseProxy = false, AutomaticDecompression = DecompressionMethods.All };
        using var client = new HttpClient(handler);
        using HttpResponseMessage response = await client.GetAsync(server.HttpUri);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, server.HttpUri.Port), response.GetConnectionInfo()!.RemoteEndPoint);
    }

    [Fact]
    public void A_foreign_response_has_none()
    {
        using var response = new HttpResponseMessage { Content = new StringContent("x") };
        Assert.Null(response.GetConnectionInfo());
    }

    [Fact]
    public async Task Nothing_of_the_requests_context_sticks_to_the_idle_connection()
    {
        using var rig = new Rig();
        WeakReference marker = await SendWithMarkerAsync(rig);
        rig.AssertIdle();
        for (int i = 0; i < 10 && marker.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield();
        }

        Assert.False(marker.IsAlive, "the idle connection keeps an async local of its last request alive");
        rig.AssertIdle();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> SendWithMarkerAsync(Rig rig)
    {
        Task<WeakReference> inContext = Task.Run(async () =>
        {
            object marker = new();
            s_local.Value = marker;
            Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
            ScriptedPeer peer = await rig.Network.AcceptAsync();
            await peer.AnswerAsync(200, Encoding.ASCII.GetString(new byte[10]));
            (await sending).Dispose();
            s_local.Value = null;
            return new WeakReference(marker);
        });
        return await inContext;
    }
}
