using System.Diagnostics;
using System.Runtime.CompilerServices;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Tests.Telemetry;

/// <summary>A connection outlives the request that opened it, so nothing of that request's context may stay with it.</summary>
public sealed class ContextLeakTests
{
    private static readonly AsyncLocal<object?> s_ambient = new();

    [Fact]
    public async Task A_connect_callback_has_the_context_of_the_request_as_in_NET()
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        object? seen = "not called";
        Activity? seenActivity = null;
        using var client = new HttpClient(new PooledHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, token) =>
            {
                (seen, seenActivity) = (s_ambient.Value, Activity.Current);
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        });
        object ambient = s_ambient.Value = new object();
        using var mine = new Activity("mine");
        mine.Start();
        await client.GetStringAsync(server.Uri);
        Assert.Same(ambient, seen);
        Assert.Same(mine, seenActivity);
        Assert.Same(ambient, s_ambient.Value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_idle_connection_holds_nothing_of_the_requests_it_served(bool streamed)
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler);
        await client.GetStringAsync(server.Uri);
        WeakReference ambient = await Task.Run(() => SendWithAmbientAsync(client, server.Uri, streamed));
        await Eventually.IsTrue(() => handler.GetSnapshot().Idle == 1, "the connection is idle");
        await Eventually.IsTrue(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !ambient.IsAlive;
            },
            "the context of a request that is over is not held any more");
        Assert.Equal(1, server.Connections);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> SendWithAmbientAsync(HttpClient client, Uri uri, bool streamed)
    {
        s_ambient.Value = new object();
        if (streamed)
        {
            using HttpResponseMessage response = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
            await response.Content.CopyToAsync(Stream.Null);
        }
        else
        {
            await client.GetStringAsync(uri);
        }

        var reference = new WeakReference(s_ambient.Value);
        s_ambient.Value = null;
        return reference;
    }
}
