using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Dialing;
using Warmwire.Timing;

namespace Warmwire.Pooling;

/// <summary>A request that waits for a connection. As a deadline it is <see cref="PooledHttpHandler.PendingRequestTimeout"/>.</summary>
internal sealed class PoolWaiter : Deadline, IValueTaskSource<HttpConnection>, ITotalDeadlineTarget
{
    private readonly OriginPool _pool;
    private ManualResetValueTaskSourceCore<HttpConnection> _promise;
    private CancellationTokenRegistration _cancellation;
    private int _done;
    private volatile DialProgress? _dial;

    public PoolWaiter(OriginPool pool, Attempt attempt, DialReason? dialReason)
    {
        _pool = pool;
        Attempt = attempt;
        attempt.Progress.WasQueued = true;
        ReplacementFor = dialReason;
        NeedsHttp2 = pool.Route.Protocols == ProtocolOffer.Http2OrHttp1 && (attempt.RequiresHttp2 || attempt.IsExtendedConnect);

        // The giver is a connection's reading flow or a dial: neither shall run a caller's code.
        _promise.RunContinuationsAsynchronously = true;
    }

    public Attempt Attempt { get; }

    /// <summary>
    /// The caller's, for the callbacks of a connection that is dialed for it; <see langword="null"/> if there are none.
    /// </summary>
    public ExecutionContext? Context { get; init; }

    /// <summary>Why a connection dialed for it would be dialed, if that is special.</summary>
    public DialReason? ReplacementFor { get; }

    /// <summary>Its request was on a connection before, which did nothing with it.</summary>
    public bool IsAgain => Attempt.IsAgain;

    /// <summary>HTTP/1.1 will not do, and may be what the server chooses.</summary>
    public bool NeedsHttp2 { get; }

    /// <summary>How long the connection it is given was idle; <see langword="null"/> if it was in use. Set before it is given.</summary>
    public TimeSpan? WasIdleFor { get; set; }

    /// <summary>When it came, by the handler's clock. Set before it is awaited.</summary>
    public long Since { get; set; }

    /// <summary>The activity of the wait, if a listener wants one.</summary>
    public Activity? Activity { get; set; }

    /// <summary>To be awaited once.</summary>
    public ValueTask<HttpConnection> Connection => new(this, _promise.Version);

    /// <summary>Given a connection, failed, or gone.</summary>
    public bool IsDone => Volatile.Read(ref _done) != 0;

    /// <summary>The dial that began for it, if one did.</summary>
    public DialProgress? Dial { get => _dial; set => _dial = value; }

    // Guarded by the lock of the origin.
    public PoolWaiter? Behind { get; set; }

    public PoolWaiter? Ahead { get; set; }

    public bool IsQueued { get; set; }

    /// <summary>A dial is under way for it.</summary>
    public bool HasDial { get; set; }

    /// <summary>The waiter's node in the list of waiters without a dial of their own.</summary>
    public LinkedListNode<PoolWaiter>? WithoutDial { get; set; }

    /// <summary>Position in the order of arrival, to tell who waited since before a dial.</summary>
    public long Ticket { get; set; }

    /// <summary>Starts listening for the reasons to stop waiting. After it was queued.</summary>
    public void Listen()
    {
        Attempt.TotalDeadline?.Watch(this);
        if (Attempt.Settings.PendingRequestTimeout != Timeout.InfiniteTimeSpan)
        {
            // Story: the waiter is served between the queueing and this line. Its giver found nothing to cancel, so this does.
            _pool.Services.Deadlines.Schedule(this, Attempt.Settings.PendingRequestTimeout);
            if (IsDone)
            {
                _pool.Services.Deadlines.Cancel(this);
            }
        }

        if (Attempt.CancellationToken.CanBeCanceled)
        {
            CancellationTokenRegistration registration = Attempt.CancellationToken.UnsafeRegister(static (state, token) =>
                ((PoolWaiter)state!).Cancelled(token), this);
            _cancellation = registration;
            if (IsDone)
            {
                registration.Unregister();
            }
        }
    }

    public bool TryGive(HttpConnection connection)
    {
        if (!TryFinish())
        {
            return false;
        }

        _promise.SetResult(connection);
        return true;
    }

    public bool TryFail(Exception error)
    {
        if (!TryFinish())
        {
            return false;
        }

        _promise.SetException(error);
        return true;
    }

    protected override void OnExpired() => GiveUp(_pool.PendingTimeout(this));

    void ITotalDeadlineTarget.TotalTimeExpired(TotalDeadline total) =>
        GiveUp(PoolErrors.TotalTimeout(_pool.Route, total, _pool.PhaseOf(this)));

    private void Cancelled(CancellationToken token) =>
        GiveUp(new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, token));

    private void GiveUp(Exception error)
    {
        // Story: a connection is being handed to this waiter at this moment. The one that finishes it first wins; a giver that comes second
        // keeps its connection and serves the next waiter.
        if (TryFail(error))
        {
            _pool.Leave(this);
        }
    }

    private bool TryFinish()
    {
        if (Interlocked.Exchange(ref _done, 1) != 0)
        {
            return false;
        }

        _cancellation.Unregister();
        _pool.Services.Deadlines.Cancel(this);
        return true;
    }

    /// <summary>The request goes on, in its own context: here the pool is told what its wait has come to.</summary>
    HttpConnection IValueTaskSource<HttpConnection>.GetResult(short token)
    {
        HttpConnection connection;
        try
        {
            connection = _promise.GetResult(token);
        }
        catch (Exception e)
        {
            _pool.WaitFailed(this, e);
            throw;
        }

        _pool.WaitEnded(this, connection);
        return connection;
    }

    ValueTaskSourceStatus IValueTaskSource<HttpConnection>.GetStatus(short token) => _promise.GetStatus(token);

    void IValueTaskSource<HttpConnection>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        _promise.OnCompleted(continuation, state, token, flags);
}
