using Warmwire.Connections;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// A connection without bytes: what it does when the pool asks is up to the test, which so gets in between any two steps of the pool.
/// </summary>
internal sealed class StubConnection : HttpConnection
{
    private int _closed;

    public StubConnection(Route key, DialedStream dialed, IConnectionOwner owner, ConnectionServices services)
        : base(key, dialed, owner, services)
    {
    }

    /// <summary>Runs when the pool leases the connection, which it does outside its gate. Says whether the connection lives.</summary>
    public Func<StubConnection, bool>? OnLease { get; set; }

    public CloseReason? ClosedFor { get; private set; }

    public override string StateName => "Stub";

    public override TimeSpan? KeepAliveHint => null;

    public override bool TryLease(TimeSpan idleTime) => OnLease is not { } onLease || onLease(this);

    public override void Release() => Owner.Returned(this);

    public override ValueTask<HttpResponseMessage> SendAsync(Attempt attempt) => throw new NotSupportedException();

    public override void CloseBehindBodies(CloseReason reason) => Close(reason);

    public override void Close(CloseReason reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            ClosedFor = reason;
            Owner.Closed(this, reason);
        }
    }
}
