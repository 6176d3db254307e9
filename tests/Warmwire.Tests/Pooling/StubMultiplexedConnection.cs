using Warmwire.Connections;

namespace Warmwire.Tests.Pooling;

/// <summary>A multiplexed connection without bytes: the test says what it tells its pool, and when.</summary>
internal sealed class StubMultiplexedConnection : HttpConnection
{
    private readonly IMultiplexedConnectionOwner _owner;
    private int _closed;
    private volatile int _limit;

    public StubMultiplexedConnection(Route key, DialedStream dialed, IMultiplexedConnectionOwner owner, ConnectionServices services,
        int limit)
        : base(key, dialed, owner, services)
    {
        _owner = owner;
        _limit = limit;
    }

    /// <summary>
    /// Runs when the pool leases a slot, which it does outside its lock. Says whether the connection takes the exchange.
    /// </summary>
    public Func<StubMultiplexedConnection, bool>? OnLease { get; set; }

    /// <summary>Runs when the pool starts the connection: nobody has been given it yet.</summary>
    public Action<StubMultiplexedConnection>? OnStart { get; set; }

    /// <summary>Runs when the connection is told to close, before it says that it is closed.</summary>
    public Action<StubMultiplexedConnection>? OnClose { get; set; }

    public bool Started { get; private set; }

    /// <summary>Places that were leased and have not ended.</summary>
    public int Leased { get; private set; }

    /// <summary>How long it was idle, as the last lease was told.</summary>
    public TimeSpan LastIdleTime { get; private set; }

    public CloseReason? ClosedFor { get; private set; }

    public ConnectionVitals Health { get; set; }

    public override bool IsMultiplexed => true;

    public override Version HttpVersion => System.Net.HttpVersion.Version20;

    /// <summary>A negative limit was not said yet.</summary>
    public override int? StreamLimit => _limit >= 0 ? _limit : null;

    public override ConnectionVitals Vitals => Health;

    public override string StateName => "Stub";

    public override TimeSpan? KeepAliveHint => null;

    public override void Start()
    {
        Started = true;
        OnStart?.Invoke(this);
    }

    public override bool TryLease(TimeSpan idleTime)
    {
        LastIdleTime = idleTime;
        if (OnLease is { } onLease && !onLease(this))
        {
            return false;
        }

        lock (this)
        {
            Leased++;
        }

        return true;
    }

    public override void Release() => End();

    /// <summary>One exchange is over.</summary>
    public void End()
    {
        lock (this)
        {
            Leased--;
        }

        _owner.StreamEnded(this);
    }

    /// <summary>Changes the limit without telling.</summary>
    public void SetLimit(int limit) => _limit = limit;

    public void Limit(int limit)
    {
        _limit = limit;
        _owner.StreamLimitChanged(this);
    }

    public void Suspend() => _owner.Suspended(this);

    public void Resume() => _owner.Resumed(this);

    public void Retire(CloseReason reason = CloseReason.GoAway) => _owner.Retire(this, reason);

    public void AskForHttp11() => _owner.Http11Required(this);

    public override ValueTask<HttpResponseMessage> SendAsync(Attempt attempt) => throw new NotSupportedException();

    /// <summary>Whether a caller reads from it: then it ends when the pool says so again.</summary>
    public bool HasBodies { get; set; }

    public override void CloseBehindBodies(CloseReason reason)
    {
        if (!HasBodies)
        {
            Close(reason);
        }
    }

    public override void Close(CloseReason reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            OnClose?.Invoke(this);
            ClosedFor = reason;
            Owner.Closed(this, reason);
        }
    }
}
