using Warmwire.Connections;
using Warmwire.Http1.Flow;
using Warmwire.Settings;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Connections;

/// <summary>
/// What ends the wait for a head from outside, whatever the protocol: each source alone, and none behind the end of the wait.
/// </summary>
public sealed class HeadWaitTests : IConnectionOwner, IDisposable
{
    private readonly FakeTime _time = new();
    private readonly HandlerSettings _settings;
    private readonly Http1Connection _connection;
    private readonly CancellationTokenSource _caller = new();

    public HeadWaitTests()
    {
        _settings = new HandlerSettings { TimeProvider = _time, ResponseHeadersTimeout = TimeSpan.FromSeconds(5) };
        var dialed = new DialedStream { Stream = Stream.Null };
        _connection = new Http1Connection(new Route(false, "server.test", 80), dialed, this, new ConnectionServices(_settings));
    }

    [Fact]
    public void The_callers_token_ends_it_at_once()
    {
        Wait wait = Begin();
        _caller.Cancel();
        Assert.Equal([(typeof(TaskCanceledException), CloseReason.Cancelled)], wait.GivenUp);
        Assert.False(wait.End());
    }

    [Fact]
    public void The_total_time_ends_it()
    {
        var total = new TotalDeadline(TimeSpan.FromSeconds(3), "a setting");
        _connection.Services.Deadlines.Schedule(total, total.Limit);
        Wait wait = Begin(total);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal([(typeof(TransportException), CloseReason.RequestTimeout)], wait.GivenUp);
        Assert.False(wait.End());
    }

    [Fact]
    public void The_time_for_the_head_begins_when_the_request_is_written()
    {
        Wait wait = Begin();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(wait.GivenUp);
        wait.RequestIsWritten();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([(typeof(TransportException), CloseReason.RequestTimeout)], wait.GivenUp);
        Assert.False(wait.End());
    }

    [Fact]
    public void Behind_its_end_nothing_comes_and_the_object_may_wait_again()
    {
        Wait wait = Begin();
        wait.RequestIsWritten();
        Assert.True(wait.End());
        _caller.Cancel();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(wait.GivenUp);
        Assert.Equal(0, _time.PendingTimers);
    }

    [Fact]
    public void A_head_that_comes_before_the_request_is_written_gets_no_time()
    {
        Wait wait = Begin();
        wait.HeadCame();
        wait.RequestIsWritten();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(wait.GivenUp);
    }

    public void Dispose() => _caller.Dispose();

    void IConnectionOwner.Returned(HttpConnection connection)
    {
    }

    void IConnectionOwner.Closed(HttpConnection connection, CloseReason reason)
    {
    }

    void IConnectionOwner.ResponseLeaked(HttpConnection connection, string? stack)
    {
    }

    private Wait Begin(TotalDeadline? total = null)
    {
        var request = new AttemptRequest(Lane.Get(), RequestSettings.Defaults(_settings), _caller.Token) { TotalDeadline = total };
        return new Wait(_connection, new Attempt(request));
    }

    private sealed class Wait : HeadWait
    {
        private readonly HttpConnection _connection;
        private readonly Attempt _attempt;

        public Wait(HttpConnection connection, Attempt attempt)
        {
            _connection = connection;
            _attempt = attempt;
            BeginWait(attempt);
        }

        public List<(Type Error, CloseReason Reason)> GivenUp { get; } = [];

        protected override HttpConnection Serving => _connection;

        protected override Attempt? Waiting => _attempt;

        public void RequestIsWritten() => LimitWait(_attempt);

        public void HeadCame() => HeadDone = true;

        public bool End() => EndWait(_attempt);

        protected override void GiveUp(Attempt attempt, Exception error, CloseReason reason) => GivenUp.Add((error.GetType(), reason));
    }
}
