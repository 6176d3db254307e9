using System.Runtime.CompilerServices;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>Responses disposed before their end, and responses nobody disposed at all.</summary>
public class DrainTests
{
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    [Fact]
    public async Task The_rest_of_a_disposed_response_is_read_in_the_background_and_the_connection_reused()
    {
        using var rig = new PoolRig();
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
        response.Dispose();
        Assert.Equal((1, 1), (rig.Snapshot.Open, rig.Snapshot.Active));
        await peer.SendAsync("56789");
        await rig.Until(snapshot => snapshot.Idle == 1);
        Assert.True((await rig.Exchange(peer)).Reused);
        rig.AssertClosed();
    }

    [Fact]
    public async Task A_response_disposed_twice_is_drained_once()
    {
        using var rig = new PoolRig();
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, Chunked);
        Stream body = await response.Content.ReadAsStreamAsync();
        body.Dispose();
        response.Dispose();
        body.Dispose();
        await peer.SendAsync("0\r\n\r\n");
        await rig.Until(snapshot => snapshot.Idle == 1);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => body.ReadAsync(new byte[1]).AsTask());
        Assert.True((await rig.Exchange(peer)).Reused);
    }

    [Fact]
    public async Task A_response_disposed_while_it_is_read_is_drained_after_that_read()
    {
        using var rig = new PoolRig();
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, Chunked);
        Stream body = await response.Content.ReadAsStreamAsync();
        Task<int> read = body.ReadAsync(new byte[10]).AsTask();
        response.Dispose();
        await peer.SendAsync("3\r\nabc\r\n");
        Assert.Equal(3, await rig.Done(read));
        await peer.SendAsync("1\r\nx\r\n0\r\n\r\n");
        await rig.Until(snapshot => snapshot.Idle == 1);
        rig.AssertClosed();
    }

    [Fact]
    public async Task A_response_disposed_while_its_last_bytes_are_read_is_finished_once()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        for (int i = 0; i < 200; i++)
        {
            Task<HttpResponseMessage> pending = rig.Get();
            await peer.ReadRequestAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
            HttpResponseMessage response = await rig.Done(pending);
            Stream body = await response.Content.ReadAsStreamAsync();
            Task<int> read = body.ReadAsync(new byte[10]).AsTask();
            Task send = Task.Run(() => peer.SendAsync("ok"));
            response.Dispose();
            await send;
            Assert.Equal(2, await rig.Done(read));
            await rig.Until(snapshot => snapshot.Idle == 1);
        }

        rig.AssertClosed();
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task A_body_whose_length_says_too_much_is_not_drained_at_all(int left, bool drained)
    {
        using var rig = new PoolRig(handler => handler.MaxResponseDrainSize = 100);
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, $"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n");
        response.Dispose();
        if (drained)
        {
            await peer.SendAsync(new string('x', left));
            await rig.Until(snapshot => snapshot.Idle == 1);
            rig.AssertClosed();
        }
        else
        {
            rig.AssertClosed((CloseReason.BodyNotDrained, 1));
            await peer.ExpectClosedAsync();
        }
    }

    [Fact]
    public async Task What_was_read_already_does_not_count_for_the_limit()
    {
        using var rig = new PoolRig(handler => handler.MaxResponseDrainSize = 5);
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n0123456789");
        Stream body = await response.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[10]);
        response.Dispose();
        await peer.SendAsync("abcde");
        await rig.Until(snapshot => snapshot.Idle == 1);
    }

    [Fact]
    public async Task A_drain_that_passes_the_size_closes_the_connection()
    {
        using var rig = new PoolRig(handler => handler.MaxResponseDrainSize = 10);
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, Chunked);
        response.Dispose();
        await peer.SendAsync("a\r\n0123456789\r\n");
        Assert.Equal(1, rig.Snapshot.Open);
        await peer.SendAsync("1\r\nx\r\n");
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.DrainLimit, 1));
    }

    [Fact]
    public async Task A_drain_that_takes_too_long_closes_the_connection()
    {
        using var rig = new PoolRig(handler => handler.ResponseDrainTimeout = Seconds(2));
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, Chunked);
        response.Dispose();
        rig.Time.Advance(Seconds(2) - Ms(1));
        Assert.Equal(1, rig.Snapshot.Open);
        rig.Time.Advance(Ms(1));
        rig.AssertClosed((CloseReason.DrainLimit, 1));
        await peer.ExpectClosedAsync();
    }

    [Fact]
    public async Task A_server_that_goes_away_in_the_drain_is_the_reason()
    {
        using var rig = new PoolRig();
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, Chunked);
        response.Dispose();
        peer.Close();
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.ServerClosed, 1));
    }

    [Fact]
    public async Task The_drain_of_one_exchange_has_no_say_in_the_next()
    {
        using var rig = new PoolRig();
        (HttpResponseMessage response, ScriptedPeer peer) = await Begin(rig, Chunked);
        response.Dispose();
        await peer.SendAsync("0\r\n\r\n");
        await rig.Until(snapshot => snapshot.Idle == 1);
        Task<HttpResponseMessage> next = rig.Get();
        await peer.ReadRequestAsync();
        rig.Time.Advance(Seconds(10));
        await peer.SendResponseAsync();
        (await rig.Done(next)).Dispose();
        rig.AssertClosed();
    }

    [Fact]
    public async Task A_response_nobody_disposed_is_found_reported_and_its_connection_reused()
    {
        using var metrics = new TestMeterFactory();
        using var collector = new MetricCollector(metrics);
        using var events = new EventCollector();
        using var rig = new PoolRig(handler => handler.MeterFactory = metrics);
        ScriptedPeer peer = await Leak(rig, "http://leaky.test/");
        await Collect(() => rig.Snapshot.Origins[0].LeakedResponses == 1);
        await Eventually.IsTrue(
            () => collector.Sum("warmwire.client.leaked_responses", ("server.address", "leaky.test")) == 1, "the metric");
        await Eventually.IsTrue(
            () => events.Of("ResponseLeaked")
                .Any(e => e.Contains("leaky.test", StringComparison.Ordinal) && e.Contains(nameof(Leak), StringComparison.Ordinal)),
            "the log");
        await peer.SendAsync("0\r\n\r\n");
        await rig.Until(snapshot => snapshot.Idle == 1);
        Assert.True((await rig.Exchange(peer, "http://leaky.test/")).Reused);
    }

    [Fact]
    public async Task A_leaked_response_that_cannot_be_drained_gives_its_permit_to_those_who_wait()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.MaxResponseDrainSize = 0;
            handler.MaxConnectionsPerServer = 1;
        });
        await Leak(rig, A);
        Task<HttpResponseMessage> waiting = rig.Get();
        await Collect(() => rig.Network.DialCount == 2);
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(waiting)).Dispose();
        rig.AssertClosed((CloseReason.BodyNotDrained, 1));
    }

    private static Task Collect(Func<bool> until) => Eventually.IsTrue(() =>
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return until();
    }, "the garbage collector finds the response");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<ScriptedPeer> Leak(PoolRig rig, string url)
    {
        HttpRequestMessage request = Request(HttpMethod.Get, url);
        request.Options.Set(TransportOptions.CaptureResponseStack, true);
        Task<HttpResponseMessage> response = rig.Send(request);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(Chunked);
        await response;
        return peer;
    }

    private static async Task<(HttpResponseMessage Response, ScriptedPeer Peer)> Begin(PoolRig rig, string answer)
    {
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy();
        await peer.SendAsync(answer);
        return (await rig.Done(response), peer);
    }
}
