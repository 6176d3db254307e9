using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>The same limit over HTTP/2: it bounds exchanges and not connections, below the server's limit on streams.</summary>
public sealed class ConcurrencyLimitTests
{
    [Fact]
    public async Task Requests_above_it_wait_for_a_stream_to_end()
    {
        using Http2Rig rig = New(2);
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest first = await rig.OpenAsync(peer);
        OpenRequest second = await rig.OpenAsync(peer);
        Task<HttpResponseMessage> third = rig.SendAsync(Http2Rig.Get("third"));
        await peer.ExpectNoRequestAsync();
        Assert.Equal((2, 1, 1), (InFlight(rig), rig.Origin.Pending, rig.Network.DialCount));

        using HttpResponseMessage response = await first.AnswerHeadAsync();
        await peer.ExpectNoRequestAsync();
        await peer.SendDataAsync(first.StreamId, "end", endStream: true);
        Assert.Equal("end", await response.ReadTextAsync());
        PeerRequest next = await peer.ReadRequestAsync();
        Assert.Equal("/third", next.Path);
        Assert.Equal((2, 0), (InFlight(rig), rig.Origin.Pending));
        await peer.AnswerAsync(next.StreamId);
        (await third).Dispose();
        await second.AnswerAsync();
        await UntilNone(rig);
    }

    public static TheoryData<string> Ends() =>
        ["cancelled", "reset", "refused", "GOAWAY", "closed", "timeout", "disposed response", "malformed"];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task However_a_stream_ends_the_next_one_begins(string end)
    {
        using Http2Rig rig = New(1, handler =>
        {
            handler.ResponseHeadersTimeout = TimeSpan.FromSeconds(5);
            handler.ReplayPolicy = ReplayPolicy.Never;
        });
        Http2Peer peer = await rig.WarmUpAsync();
        using var cancel = new CancellationTokenSource();
        OpenRequest first = await rig.OpenAsync(peer, cancellationToken: cancel.Token);
        int dials = rig.Network.DialCount;
        Task<HttpResponseMessage> second = rig.SendAsync(Http2Rig.Get("second"));
        Assert.Equal((1, 1), (InFlight(rig), rig.Origin.Pending));
        switch (end)
        {
            case "cancelled":
                await cancel.CancelAsync();
                break;
            case "reset":
                await peer.SendRstAsync(first.StreamId, Http2ErrorCode.InternalError);
                break;
            case "refused":
                await peer.SendRstAsync(first.StreamId, Http2ErrorCode.RefusedStream);
                break;
            case "GOAWAY":
                await peer.SendGoAwayAsync(0);
                break;
            case "closed":
                peer.Close();
                break;
            case "timeout":
                rig.Time.Advance(TimeSpan.FromSeconds(5));
                break;
            case "disposed response":
                (await first.AnswerHeadAsync()).Dispose();
                break;
            default:
                await peer.SendHeadersAsync(first.StreamId, [(":status", "banana")]);
                break;
        }

        Http2Peer serving = end is "GOAWAY" or "closed" ? await rig.AcceptAsync() : peer;
        // Behind a timeout the connection is asked whether it lives, and another is dialed meanwhile.
        OpenRequest next = end is "malformed" or "timeout"
            ? await rig.NextAnywhereAsync(second, peer, dials)
            : new OpenRequest(serving, await serving.ReadRequestAsync(), second);
        await next.Peer.AnswerAsync(next.StreamId);
        (await second).Dispose();
        await UntilNone(rig);
        await Task.WhenAny(first.Sending);
    }

    [Fact]
    public async Task A_tunnel_does_not_count_from_its_beginning_to_its_end()
    {
        using Http2Rig rig = New(1);
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.EnableConnectProtocol, 1));
        for (int i = 0; i < 3; i++)
        {
            HttpRequestMessage connect = Http2Rig.Request(HttpMethod.Connect, "chat");
            connect.Headers.Protocol = "websocket";
            OpenRequest opening = await rig.OpenAsync(peer, connect);
            Assert.Equal(1, InFlight(rig));
            HttpResponseMessage tunnel = await opening.AnswerHeadAsync();
            Assert.Equal(0, InFlight(rig));
            Assert.Equal(1, rig.Origin.StreamsActive);

            OpenRequest beside = await rig.OpenAsync(peer);
            Assert.Equal(1, InFlight(rig));
            await beside.AnswerAsync();
            await UntilNone(rig);
            if (i == 0)
            {
                await peer.SendRstAsync(opening.StreamId, Http2ErrorCode.Cancel);
            }
            else
            {
                (await tunnel.Content.ReadAsStreamAsync()).Dispose();
                await peer.SendDataAsync(opening.StreamId, "", endStream: true);
            }

            await Eventually.IsTrue(() => rig.Origin.StreamsActive == 0, "the tunnel ends");
            tunnel.Dispose();
            await UntilNone(rig);
        }

        // And the limit is what it was.
        OpenRequest one = await rig.OpenAsync(peer);
        Task<HttpResponseMessage> waits = rig.SendAsync(Http2Rig.Get());
        await peer.ExpectNoRequestAsync();
        Assert.Equal((1, 1), (InFlight(rig), rig.Origin.Pending));
        await one.AnswerAsync();
        await peer.AnswerNextAsync();
        (await waits).Dispose();
        await UntilNone(rig);
    }

    [Fact]
    public async Task The_timeout_of_the_wait_names_the_limit_and_not_the_streams()
    {
        using Http2Rig rig = New(1, handler => handler.PendingRequestTimeout = TimeSpan.FromSeconds(2));
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest first = await rig.OpenAsync(peer);
        Task<HttpResponseMessage> waits = rig.SendAsync(Http2Rig.Get());
        rig.Time.Advance(TimeSpan.FromSeconds(2));
        TransportException error = await rig.FailsAsync(waits);
        Assert.StartsWith(
            "Waited 2.0 s for one of 1 exchanges with http://server.test:80 to end: the adaptive limit is 1",
            error.Message,
            StringComparison.Ordinal);
        await first.AnswerAsync();
    }

    [Fact]
    public async Task A_connection_is_opened_for_as_many_as_may_begin_and_not_for_all_that_wait()
    {
        using Http2Rig rig = New(3);
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.MaxConcurrentStreams, 2));
        Task<HttpResponseMessage>[] all = [.. Enumerable.Range(0, 9).Select(_ => rig.SendAsync(Http2Rig.Get()))];
        Http2Peer other = await rig.AcceptAsync((PeerSetting.MaxConcurrentStreams, 2));
        PeerRequest[] requests = [await peer.ReadRequestAsync(), await peer.ReadRequestAsync(), await other.ReadRequestAsync()];
        await other.ExpectNoRequestAsync();
        Assert.Equal((3, 6, 2), (InFlight(rig), rig.Origin.Pending, rig.Network.DialCount));
        await peer.AnswerAsync(requests[0].StreamId);
        await peer.AnswerAsync(requests[1].StreamId);
        await other.AnswerAsync(requests[2].StreamId);
        _ = Serve(peer);
        _ = Serve(other);
        foreach (HttpResponseMessage response in await Task.WhenAll(all))
        {
            response.Dispose();
        }

        await UntilNone(rig);
        Assert.Equal(2, rig.Network.DialCount);
    }

    private static async Task Serve(Http2Peer peer)
    {
        while (true)
        {
            await peer.AnswerNextAsync();
        }
    }

    private static Http2Rig New(int limit, Action<PooledHttpHandler>? configure = null) => new(handler =>
    {
        handler.ConcurrencyLimit = new AdaptiveConcurrency { MinLimit = limit, MaxLimit = limit };
        configure?.Invoke(handler);
    });

    private static int InFlight(Http2Rig rig) => rig.Origin.Concurrency!.InFlight;

    private static Task UntilNone(Http2Rig rig) =>
        Eventually.IsTrue(() => InFlight(rig) == 0 && rig.Origin.Pending == 0, "no exchange is under way");
}
