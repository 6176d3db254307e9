using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Http2;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;
using FrameType = Warmwire.Http2.Wire.FrameType;

namespace Warmwire.Tests.Http2;

/// <summary>The life of a stream through the states of RFC 9113 §5.1, and when its object may serve again.</summary>
public class StreamStateTests
{
    /// <summary>
    /// What happens to a stream: <c>o</c> our end, <c>t</c> theirs, <c>r</c> their reset, <c>u</c> the caller gives up, <c>g</c> a GOAWAY
    /// that leaves it out, <c>c</c> the connection closes.
    /// </summary>
    [Theory]
    [InlineData("t", false)]
    [InlineData("r", false)]
    [InlineData("u", false)]
    [InlineData("g", false)]
    [InlineData("c", false)]
    [InlineData("ot", true)]
    [InlineData("or", true)]
    [InlineData("ou", true)]
    [InlineData("og", true)]
    [InlineData("oc", true)]
    [InlineData("to", true)]
    [InlineData("tr", true)]
    [InlineData("tg", true)]
    [InlineData("tc", true)]
    [InlineData("r", true)]
    [InlineData("u", true)]
    [InlineData("g", true)]
    [InlineData("c", true)]
    public async Task Each_way_to_the_end_frees_the_slot_once(string events, bool upload)
    {
        using Http2Direct direct = await Http2Direct.StartAsync();
        using var giveUp = new CancellationTokenSource();
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        HttpRequestMessage request = upload ? Http2Rig.Post(new PushContent(_ => end.Task)) : Http2Rig.Get();
        (OpenRequest open, Http2Stream stream, _) = await direct.OpenAsync(request, giveUp.Token);
        Http2StreamState expected = upload ? Http2StreamState.Open : Http2StreamState.HalfClosedLocal;
        Assert.Equal(expected, stream.State);
        foreach (char step in events)
        {
            switch (step)
            {
                case 'o':
                    end.SetResult();
                    await direct.Peer.ReadBodyAsync(open.StreamId);
                    expected = expected == Http2StreamState.Open ? Http2StreamState.HalfClosedLocal : Http2StreamState.Closed;
                    break;
                case 't':
                    await direct.Peer.SendHeadersAsync(open.StreamId, [(":status", "200")], endStream: true);
                    await open.Sending;
                    expected = expected == Http2StreamState.Open ? Http2StreamState.HalfClosedRemote : Http2StreamState.Closed;
                    break;
                case 'r':
                    await direct.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.Cancel);
                    expected = Http2StreamState.Closed;
                    break;
                case 'u':
                    await giveUp.CancelAsync();
                    Assert.Equal(Http2ErrorCode.Cancel, await direct.Peer.ExpectRstAsync(open.StreamId));
                    expected = Http2StreamState.Closed;
                    break;
                case 'g':
                    await direct.Peer.SendGoAwayAsync(0);
                    expected = Http2StreamState.Closed;
                    break;
                default:
                    direct.Connection.Close(CloseReason.Disposed);
                    expected = Http2StreamState.Closed;
                    break;
            }

            if (step != 'c')
            {
                await direct.Peer.RoundTripAsync();
            }

            if (expected != Http2StreamState.Closed)
            {
                Assert.Equal(expected, stream.State);
                Assert.Equal(0, direct.Owner.Ended);
            }
        }

        // Idle: its object is ready for the next one already.
        Assert.True(stream.State is Http2StreamState.Closed or Http2StreamState.Idle);
        Assert.Null(direct.Connection.Streams.Find(open.StreamId, FrameType.Headers));
        await Eventually.IsTrue(() => direct.Owner.Ended > 0, "the slot is free");
        end.TrySetResult();
        if (events[0] == 't' || events == "ot")
        {
            using HttpResponseMessage response = await open.Sending;
            Assert.Equal("", await response.ReadTextAsync());
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(() => open.Sending);
        }

        Assert.Equal(1, direct.Owner.Ended);
    }

    [Fact]
    public async Task A_stream_that_ended_in_order_serves_the_next_request()
    {
        using Http2Direct direct = await Http2Direct.StartAsync();
        using var token = new CancellationTokenSource();
        (OpenRequest open, Http2Stream first, _) = await direct.OpenAsync(token: token.Token);
        await AnswerAtOnceAsync(open);
        (open, Http2Stream second, _) = await direct.OpenAsync();
        Assert.Same(first, second);

        // The token of the first does not reach the second.
        await token.CancelAsync();
        await open.AnswerAsync("second");
        Assert.Equal(2, direct.Owner.Ended);
    }

    [Fact]
    public async Task The_time_of_one_request_does_not_end_the_next_on_the_same_object()
    {
        using Http2Direct direct = await Http2Direct.StartAsync(settings => settings.ResponseHeadersTimeout = TimeSpan.FromSeconds(10));
        (OpenRequest open, Http2Stream first, _) = await direct.OpenAsync();
        direct.Time.Advance(TimeSpan.FromSeconds(9));
        await AnswerAtOnceAsync(open);
        (open, Http2Stream second, _) = await direct.OpenAsync();
        Assert.Same(first, second);
        direct.Time.Advance(TimeSpan.FromSeconds(9));
        await open.AnswerAsync("second");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_was_cut_serves_no_other(bool byUs)
    {
        using Http2Direct direct = await Http2Direct.StartAsync();
        using var token = new CancellationTokenSource();
        (OpenRequest open, Http2Stream first, _) = await direct.OpenAsync(token: token.Token);
        if (byUs)
        {
            await token.CancelAsync();
        }
        else
        {
            await direct.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.InternalError);
        }

        await Assert.ThrowsAnyAsync<Exception>(() => open.Sending);
        (open, Http2Stream second, _) = await direct.OpenAsync();
        Assert.NotSame(first, second);
        await open.AnswerAsync();
    }

    [Fact]
    public async Task An_attempt_is_not_forgotten_while_the_end_of_its_connection_still_knows_it()
    {
        // Story: the reading flow is in the middle of a response when another thread closes the connection. That takes the stream out of
        // the table, then tells it; in between the response is complete, and handed over. If its attempt were used again at once, the
        // other thread would fail the request that uses it.
        using var reading = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        using Http2Direct direct = await Http2Direct.StartAsync(settings =>
            settings.TimeProvider = new PausingTime(settings.TimeProvider, () =>
            {
                reading.Set();
                goOn.Wait(Guard.Limit);
            }));
        (OpenRequest open, Http2Stream stream, Attempt attempt) = await direct.OpenAsync();
        await direct.Peer.SendHeadersAsync(open.StreamId, [(":status", "200")], endStream: true);
        Assert.True(reading.Wait(Guard.Limit));
        direct.Connection.Streams.Reset(stream, Http2ErrorCode.Cancel);
        bool forgotten = false;
        stream.Fail(
            known =>
            {
                Assert.Same(attempt, known);
                goOn.Set();
                Assert.True(SpinWait.SpinUntil(() => attempt.IsCompleted, Guard.Limit), "the response is handed over");
                forgotten = attempt.Progress.Forgotten;
                return new TransportException(
                    HttpRequestError.Unknown, "late", null, TransportPhase.ReadHeaders, RequestSent.Fully, "server.test", 1);
            },
            dropUnread: false);
        Assert.False(forgotten);
        (await open.Sending).Dispose();
    }

    /// <summary>A response that is complete when it is handed over.</summary>
    private static async Task AnswerAtOnceAsync(OpenRequest open)
    {
        await open.Peer.SendHeadersAsync(open.StreamId, [(":status", "200")], endStream: true);
        (await open.Sending).Dispose();
    }

    /// <summary>Pauses the thread that asks for the time while it reads the head of a response: the reading flow.</summary>
    private sealed class PausingTime(TimeProvider time, Action pause) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);

        public override long GetTimestamp()
        {
            if (new StackTrace().ToString().Contains(nameof(ResponseFields), StringComparison.Ordinal))
            {
                pause();
            }

            return time.GetTimestamp();
        }
    }
}
