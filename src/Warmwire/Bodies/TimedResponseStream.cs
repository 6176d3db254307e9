using Warmwire.Connections;
using Warmwire.Timing;

namespace Warmwire.Bodies;

/// <summary>
/// What ends the body of a response beside its bytes, whatever the protocol: the total time of the exchange, a server that sends nothing
/// for too long, the disposal, and the garbage collector, which finds the one nobody disposed. Nothing below refers to the stream while no
/// read is pending, so that it does.
/// </summary>
internal abstract class TimedResponseStream : ResponseBodyStream, ITotalDeadlineTarget
{
    private readonly HttpConnection _connection;
    private IdleDeadline? _idle;
    private TotalDeadline? _total;
    private volatile bool _over;
    private volatile bool _disposed;

    protected TimedResponseStream(HttpConnection connection, Attempt attempt)
    {
        _connection = connection;
        Attempt = attempt;
    }

    ~TimedResponseStream()
    {
        // On the finalizer's thread, which belongs to the whole process: it runs neither the work of the pool nor the code of a listener
        // that is told.
        if (!_over && !Environment.HasShutdownStarted)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static body => body.Leaked(), this, preferLocal: false);
        }
    }

    public sealed override bool CanRead => !_disposed;

    protected Attempt Attempt { get; }

    /// <summary>The body has been read to its end.</summary>
    protected bool IsOver => _over;

    protected bool IsDisposed => _disposed;

    private DeadlineQueue Deadlines => _connection.Services.Deadlines;

    /// <summary>The response was given up before the caller received it.</summary>
    public void Detach() => Over();

    public sealed override void Attach(TotalDeadline deadline)
    {
        _total = deadline;
        deadline.WatchBody(this);
        if (_over)
        {
            EndTotal();
        }
    }

    void ITotalDeadlineTarget.TotalTimeExpired(TotalDeadline total) =>
        FailBody(TransportErrors.TotalTimeout(_connection, Attempt, total, TransportPhase.ReadBody));

    /// <summary>
    /// The server has sent nothing for now. Returns whether there is a limit to that, which <see cref="EndIdleWait"/> is to lift.
    /// </summary>
    protected bool StartIdleWait()
    {
        TimeSpan limit = Attempt.Settings.ResponseBodyIdleTimeout;
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return false;
        }

        _idle ??= new IdleDeadline(this);
        Deadlines.Schedule(_idle, limit);
        return true;
    }

    protected void EndIdleWait() => Deadlines.Cancel(_idle!);

    /// <summary>Ends the body: its deadlines and the leak report are off.</summary>
    /// <param name="ended">Whether it ended as a body should; else reads go on to say what happened.</param>
    protected void Over(bool ended = true)
    {
        _over = ended || _over;
        EndTotal();
        GC.SuppressFinalize(this);
    }

    /// <summary>A timeout ends the reading of the body.</summary>
    protected abstract void FailBody(TransportException error);

    /// <summary>Called when the stream is disposed.</summary>
    /// <param name="early">Before its end.</param>
    protected abstract void Disposed(bool early);

    /// <summary>Called when the stream was never disposed: its connection is released or closed.</summary>
    protected abstract void LetGo();

    protected sealed override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            bool early = !_over;
            if (early)
            {
                Over(ended: false);
            }

            Disposed(early);
        }

        base.Dispose(disposing);
    }

    /// <summary>The first call ends it. Behind that the deadline may be another exchange's, so it is let go of before.</summary>
    private void EndTotal()
    {
        if (_total is not null)
        {
            Interlocked.Exchange(ref _total, null)?.End(Deadlines);
        }
    }

    private void Leaked()
    {
        EndTotal();

        // First what others wait for: a listener that is told of the leak may block.
        LetGo();
        _connection.Owner.ResponseLeaked(_connection, Attempt.Stack);
    }

    /// <summary>The server sent nothing for too long.</summary>
    private sealed class IdleDeadline(TimedResponseStream body) : Deadline
    {
        protected override void OnExpired() => body.FailBody(TransportErrors.ResponseBodyIdleTimeout(body._connection, body.Attempt));
    }
}
