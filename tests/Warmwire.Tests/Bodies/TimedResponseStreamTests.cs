using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Http1.Flow;
using Warmwire.Settings;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Bodies;

/// <summary>What ends the body of a response beside its bytes, whatever the protocol.</summary>
public sealed class TimedResponseStreamTests : IConnectionOwner
{
    private readonly FakeTime _time = new();
    private readonly HandlerSettings _settings;
    private readonly Http1Connection _connection;
    private readonly List<string> _told = [];

    public TimedResponseStreamTests()
    {
        _settings = new HandlerSettings { TimeProvider = _time, ResponseBodyIdleTimeout = TimeSpan.FromSeconds(5) };
        var dialed = new DialedStream { Stream = Stream.Null };
        _connection = new Http1Connection(new Route(false, "server.test", 80), dialed, this, new ConnectionServices(_settings));
    }

    [Fact]
    public void A_server_that_sends_nothing_for_too_long_fails_it_and_one_that_sends_does_not()
    {
        Body body = NewBody();
        Assert.True(body.Waits());
        _time.Advance(TimeSpan.FromSeconds(4));
        body.Came();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(_told);
        Assert.True(body.Waits());
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["failed"], _told);
    }

    [Fact]
    public void The_total_time_goes_on_with_the_body_and_ends_with_it()
    {
        Body body = NewBody();
        body.Attach(Total());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(["failed"], _told);
        Body other = NewBody();
        other.Attach(Total());
        other.End();
        _time.Advance(TimeSpan.FromSeconds(60));
        Body ended = NewBody();
        ended.End();
        ended.Attach(Total());
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(["failed"], _told);
    }

    [Fact]
    public void It_is_disposed_once_and_says_whether_that_was_early()
    {
        Body early = NewBody();
        early.Dispose();
        early.Dispose();
        Body late = NewBody();
        late.End();
        late.Dispose();
        Assert.Equal(["disposed early", "disposed"], _told);
        Assert.False(early.CanRead);
    }

    [Fact]
    public async Task One_that_nobody_disposed_is_let_go_first_and_reported_then_and_neither_on_the_finalizers_thread()
    {
        Leak();
        await Collected(() =>
        {
            lock (_told)
            {
                return _told.Count == 2;
            }
        });
        Assert.Equal(["let go on the pool", "leaked on the pool"], _told);
    }

    [Fact]
    public async Task A_listener_that_blocks_holds_up_neither_the_finalizers_nor_the_connection()
    {
        using var metrics = new TestMeterFactory();
        using var blocks = new ManualResetEventSlim();
        using var told = new ManualResetEventSlim();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "warmwire.client.leaked_responses")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
        {
            told.Set();
            blocks.Wait();
        });
        listener.Start();
        using var rig = new Rig(handler => handler.MeterFactory = metrics);
        try
        {
            ScriptedPeer peer = await LeakResponse(rig);
            await Collected(() => told.IsSet);
            await Guard.Within(Task.Run(GC.WaitForPendingFinalizers), () => "the finalizers behind the blocked listener");
            await peer.SendAsync("0\r\n\r\n");
            await rig.ExpectIdleAsync();
        }
        finally
        {
            blocks.Set();
        }
    }

    void IConnectionOwner.Returned(HttpConnection connection)
    {
    }

    void IConnectionOwner.Closed(HttpConnection connection, CloseReason reason)
    {
    }

    void IConnectionOwner.ResponseLeaked(HttpConnection connection, string? stack) => Tell("leaked on the " + WhatThread);

    private static string WhatThread => Thread.CurrentThread.IsThreadPoolThread ? "pool" : "finalizer";

    private static Task Collected(Func<bool> until) => Eventually.IsTrue(
        () =>
        {
            GC.Collect();
            return until();
        },
        "the garbage collector finds it");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<ScriptedPeer> LeakResponse(Rig rig)
    {
        (HttpResponseMessage _, ScriptedPeer peer) = await rig.StartAsync(Rig.Chunked(""));
        return peer;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Leak() => NewBody();

    private Body NewBody() => new(this, new Attempt(new AttemptRequest(Lane.Get(), RequestSettings.Defaults(_settings), default)));

    private TotalDeadline Total()
    {
        var total = new TotalDeadline(TimeSpan.FromSeconds(10), "a setting");
        _connection.Services.Deadlines.Schedule(total, total.Limit);
        return total;
    }

    private void Tell(string what)
    {
        lock (_told)
        {
            _told.Add(what);
        }
    }

    private sealed class Body(TimedResponseStreamTests test, Attempt attempt) : TimedResponseStream(test._connection, attempt)
    {
        protected override long? Remaining => null;

        public bool Waits() => StartIdleWait();

        public void Came() => EndIdleWait();

        public void End() => Over();

        protected override void FailBody(TransportException error) => test.Tell("failed");

        protected override void Disposed(bool early) => test.Tell(early ? "disposed early" : "disposed");

        protected override void LetGo() => test.Tell("let go on the " + WhatThread);

        protected override ValueTask<int> ReadBodyAsync(Memory<byte> buffer, bool ioErrors, CancellationToken cancellationToken) => default;
    }
}
