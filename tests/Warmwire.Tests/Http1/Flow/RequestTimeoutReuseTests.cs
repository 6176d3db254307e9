using System.Reflection;
using System.Runtime.CompilerServices;
using Warmwire.Connections;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// A time for the whole exchange costs nothing that stays: the objects of the exchange are used again, and nothing waits behind its end,
/// whatever came at the same moment.
/// </summary>
public sealed class RequestTimeoutReuseTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private static readonly FieldInfo s_spare = typeof(TotalDeadline).GetField("t_spare", BindingFlags.NonPublic | BindingFlags.Static)!;

    [Fact]
    public void The_objects_of_an_exchange_are_used_again_and_its_deadline_is_too() => Run(static lane =>
    {
        lane.WarmUp();
        (object? attempt, object? exchange, object? total) = (Lane.SpareAttempt, Lane.SpareExchange, s_spare.GetValue(null));
        Assert.NotNull(total);
        for (int i = 0; i < 3; i++)
        {
            Task<HttpResponseMessage> sent = lane.Send();
            Assert.Null(s_spare.GetValue(null));
            lane.Answer(Lane.Ok("again"));
            Assert.Equal("again", Lane.TextOf(sent));
            Assert.Same(attempt, Lane.SpareAttempt);
            Assert.Same(exchange, Lane.SpareExchange);
            Assert.Same(total, s_spare.GetValue(null));
        }
    });

    [Fact]
    public void Behind_a_body_that_was_read_the_deadline_is_used_again() => Run(static lane =>
    {
        lane.WarmUp();
        object? total = s_spare.GetValue(null);
        Task<HttpResponseMessage> sent = lane.Send();
        lane.Answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        Task<string> text = Lane.Done(sent).Content.ReadAsStringAsync();
        Assert.Null(s_spare.GetValue(null));
        lane.Answer("world");
        Assert.Equal("helloworld", Lane.Done(text));
        Assert.Same(total, s_spare.GetValue(null));
        Assert.Equal(0, Deadlines.Waiting(lane.Handler));
    });

    [Fact]
    public void Ten_thousand_requests_leave_nothing_behind() => Run(static lane =>
    {
        lane.WarmUp();
        for (int i = 0; i < 10_000; i++)
        {
            Task<HttpResponseMessage> sent = lane.Send();
            lane.Answer(Lane.Ok("x"));
            Lane.Here(sent).Dispose();
            lane.Socket.ForgetWritten();
        }

        Assert.Equal(0, Deadlines.Waiting(lane.Handler));
        Assert.Equal(1, lane.Dialed);
    });

    [Fact]
    public void A_response_that_came_in_time_stays_when_the_time_is_over() => Run(static lane =>
    {
        lane.WarmUp();
        Task<HttpResponseMessage> sent = lane.Send();
        lane.Answer(Lane.Ok("in time"));
        lane.Time.Advance(10 * s_limit);
        Assert.Equal("in time", Lane.TextOf(sent));
        lane.Exchange("next");
        Assert.Equal(1, lane.Dialed);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_caller_who_cancels_in_the_moment_the_time_is_over_sees_one_of_the_two(bool cancelsFirst) => Run(lane =>
    {
        lane.WarmUp();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sent = lane.Send(cancel.Token);
        if (cancelsFirst)
        {
            cancel.Cancel();
            lane.Time.Advance(s_limit);
            Lane.Fails<TaskCanceledException>(sent);
        }
        else
        {
            lane.Time.Advance(s_limit);
            cancel.Cancel();
            Assert.True(Lane.Fails<TransportException>(sent).IsTimeout);
        }

        Assert.Equal(0, Deadlines.Waiting(lane.Handler));
        lane.Exchange("next");
        lane.Exchange("and the one after it");
    });

    // Story: the answer is taken, and before the caller's frame goes on the time is over.
    [Fact]
    public void A_time_that_is_over_within_the_answer_harms_neither_it_nor_the_next_request() => Run(static lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        var trace = new RequestTrace { GotFirstResponseByte = () => lane.Time.Advance(s_limit) };
        HttpRequestMessage request = Lane.Get();
        request.Options.Set(TransportOptions.Trace, trace);
        Task<HttpResponseMessage> sent = lane.Send(request);
        lane.Answer(Lane.Ok("late by nothing"));
        Assert.True(Lane.Fails<TransportException>(sent).IsTimeout);
        Lane.WaitFor(() => socket.IsClosed, "the connection is closed");
        Assert.Equal(0, Deadlines.Waiting(lane.Handler));
        lane.Exchange("next");
        lane.Exchange("and the one after it");
    });

    [Fact]
    public void A_disposed_handler_fails_the_request_before_its_time_does() => Run(static lane =>
    {
        lane.WarmUp();
        Task<HttpResponseMessage> sent = lane.Send();
        lane.Handler.Dispose();
        lane.Time.Advance(s_limit);
        Assert.IsType<ObjectDisposedException>(Lane.Fails<TransportException>(sent).InnerException);
    });

    [Fact]
    public async Task A_response_that_nobody_disposes_is_found_before_its_time_is_over()
    {
        using var rig = new Rig(static handler => handler.RequestTimeout = TimeSpan.FromHours(1));
        ScriptedPeer peer = await LeakAsync(rig);
        await Eventually.IsTrue(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return rig.Origin.LeakedResponses == 1;
            },
            "the garbage collector finds it");
        await peer.SendAsync("0\r\n\r\n");
        await rig.ExpectIdleAsync();
        await Eventually.IsTrue(() => Deadlines.Waiting(rig.Handler) == 0, "nothing waits any more");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<ScriptedPeer> LeakAsync(Rig rig)
    {
        (HttpResponseMessage _, ScriptedPeer peer) = await rig.StartAsync(Rig.Chunked(""));
        return peer;
    }

    private static void Run(Action<Lane> test) => Lane.Run(test, static handler => handler.RequestTimeout = s_limit);
}
