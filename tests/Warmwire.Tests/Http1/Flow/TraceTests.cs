using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>RequestTrace: which callbacks come, in which order.</summary>
public sealed class TraceTests
{
    private readonly ConcurrentQueue<string> _calls = new();

    [Fact]
    public async Task A_fresh_connection_and_then_a_reused_one()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok("x"), Traced());
        response.Dispose();
        string[] fresh = Take();
        Assert.Equal("GetConnection http://server.test:80", fresh[0]);
        Assert.Equal(
            ["GotConnection reused False idle False", "WroteHeaders", "WroteRequest", "GotFirstResponseByte", "PutIdleConnection"],
            fresh[^5..]);

        Task<HttpResponseMessage> sending = rig.SendAsync(Traced());
        await peer.AnswerAsync(200, "x");
        (await sending).Dispose();
        Assert.Equal(
            [
                "GetConnection http://server.test:80",
                "GotConnection reused True idle True",
                "WroteHeaders",
                "WroteRequest",
                "GotFirstResponseByte",
                "PutIdleConnection",
            ],
            Take());
    }

    [Fact]
    public async Task A_queued_request()
    {
        using var rig = new Rig(static handler => handler.MaxConnectionsPerServer = 1);
        Task<HttpResponseMessage> first = rig.SendAsync(Rig.Get());
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        Task<HttpResponseMessage> second = rig.SendAsync(Traced());
        await peer.SendResponseAsync();
        (await first).Dispose();
        await peer.AnswerAsync();
        (await second).Dispose();
        Assert.Equal(
            [
                "GetConnection http://server.test:80",
                "Queued 0",
                "GotConnection reused True idle False",
                "WroteHeaders",
                "WroteRequest",
                "GotFirstResponseByte",
                "PutIdleConnection",
            ],
            Take());
    }

    [Fact]
    public async Task An_upload_that_waits_for_100_Continue()
    {
        using var rig = new Rig();
        HttpRequestMessage request = Traced();
        request.Method = HttpMethod.Post;
        request.Content = new StringContent("x");
        request.Headers.ExpectContinue = true;
        Task<HttpResponseMessage> sending = rig.SendAsync(request);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest received = await peer.ReadRequestHeadAsync();
        await Eventually.IsTrue(() => peer.End.IsClientReading, "the client waits for the answer");
        await peer.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await peer.ReadBodyAsync(received);
        await Eventually.IsTrue(() => _calls.Any(static call => call == "WroteRequest"), "the request is written");
        await peer.SendResponseAsync();
        (await sending).Dispose();
        Assert.Equal(["WroteHeaders", "GotFirstResponseByte", "Got100Continue", "WroteRequest", "PutIdleConnection"], Take()[^5..]);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", CloseReason.ProtocolError)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", CloseReason.ConnectionCloseHeader)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", CloseReason.UnsolicitedData)]
    public async Task The_reason_when_the_connection_does_not_become_idle(string answer, CloseReason reason)
    {
        using var rig = new Rig();
        try
        {
            (await rig.StartAsync(answer, Traced())).Response.Dispose();
        }
        catch (TransportException)
        {
            // The first answer is one.
        }

        Assert.Equal($"PutIdleConnection {reason}", Take()[^1]);
    }

    [Fact]
    public async Task The_reason_of_a_connection_the_pool_does_not_keep()
    {
        using var rig = new Rig(static handler => handler.PooledConnectionLifetime = TimeSpan.Zero);
        (await rig.StartAsync(Rig.Ok(""), Traced())).Response.Dispose();
        Assert.Equal("PutIdleConnection Lifetime", Take()[^1]);
    }

    [Fact]
    public async Task It_is_told_once_although_the_connection_closes_later()
    {
        using var rig = new Rig();
        (await rig.StartAsync(Rig.Ok(""), Traced())).Response.Dispose();
        Take();
        Assert.Equal(1, rig.Handler.CloseIdleConnections());
        Assert.Empty(Take());
    }

    [Fact]
    public async Task A_real_connection_over_tls()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static context => context.Response.WriteAsync("hello"));
        using var handler = new PooledHttpHandler { UseProxy = false, SslOptions = TestCertificates.Trusting() };
        using var client = new HttpClient(handler);
        using HttpRequestMessage request = Traced();
        request.RequestUri = server.HttpsUri;
        using HttpResponseMessage response = await client.SendAsync(request);
        string[] calls = Take();
        string[] order =
        [
            "GetConnection",
            "DnsStart",
            "DnsDone",
            "ConnectStart",
            "ConnectDone",
            "TlsHandshakeStart",
            "TlsHandshakeDone",
            "GotConnection",
            "WroteHeaders",
        ];
        int[] places = [.. order.Select(name => Array.FindIndex(calls, call => call.Split(' ')[0] == name))];
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public async Task A_refused_connection()
    {
        using var rig = new Rig();
        rig.Network.FailNextDial(new IOException("refused"));
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(Traced()));
        Assert.Equal((TransportPhase.Connect, RequestSent.No, true), (error.Phase, error.RequestSent, error.NotProcessed));
        Assert.DoesNotContain(Take(), static call => call.StartsWith("Got", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exceptions_in_callbacks_are_swallowed()
    {
        using var rig = new Rig();
        static void Throw() => throw new InvalidTimeZoneException("mine");
        HttpRequestMessage request = Rig.Get();
        request.Options.Set(TransportOptions.Trace, new RequestTrace
        {
            GetConnection = static _ => Throw(),
            Queued = static _ => Throw(),
            ConnectStart = static _ => Throw(),
            ConnectDone = static (_, _) => Throw(),
            GotConnection = static _ => Throw(),
            WroteHeaders = Throw,
            WroteRequest = static _ => Throw(),
            GotFirstResponseByte = Throw,
            PutIdleConnection = static _ => Throw(),
        });
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok("x"), request);
        Assert.Equal("x", await response.Content.ReadAsStringAsync());
        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
    }

    private HttpRequestMessage Traced()
    {
        HttpRequestMessage request = Rig.Get();
        request.Options.Set(TransportOptions.Trace, new RequestTrace
        {
            GetConnection = origin => Add($"GetConnection {origin}"),
            Queued = ahead => Add($"Queued {ahead}"),
            DnsStart = _ => Add("DnsStart"),
            DnsDone = (_, _) => Add("DnsDone"),
            ConnectStart = _ => Add("ConnectStart"),
            ConnectDone = (_, _) => Add("ConnectDone"),
            TlsHandshakeStart = () => Add("TlsHandshakeStart"),
            TlsHandshakeDone = (_, _) => Add("TlsHandshakeDone"),
            GotConnection = got => Add($"GotConnection reused {got.Reused} idle {got.WasIdle}"),
            WroteHeaders = () => Add("WroteHeaders"),
            Got100Continue = () => Add("Got100Continue"),
            WroteRequest = error => Add(error is null ? "WroteRequest" : $"WroteRequest {error.Message}"),
            GotFirstResponseByte = () => Add("GotFirstResponseByte"),
            PutIdleConnection = reason => Add(reason is null ? "PutIdleConnection" : $"PutIdleConnection {reason}"),
        });
        return request;
    }

    private void Add(string call) => _calls.Enqueue(call);

    private string[] Take()
    {
        string[] calls = [.. _calls];
        _calls.Clear();
        return calls;
    }
}
