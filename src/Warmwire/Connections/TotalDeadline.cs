using System.Diagnostics;
using Warmwire.Timing;

namespace Warmwire.Connections;

/// <summary>The total time of an exchange. It follows the exchange from place to place: the queue, a connection, the body.</summary>
/// <remarks>
/// It is used again for a later request if it did not expire and its exchange took one attempt: then nobody can still hand it a target.
/// Any other is left to the garbage collector.
/// </remarks>
internal sealed class TotalDeadline : Deadline
{
    [ThreadStatic]
    private static TotalDeadline? t_spare;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private ITotalDeadlineTarget? _target;
    private bool _expired;

    /// <summary>
    /// The body it ends. Not held: a response that nobody disposes is found by the garbage collector also while its time is running.
    /// </summary>
    private WeakReference<ITotalDeadlineTarget>? _body;

    private bool _maySpare;

    public TotalDeadline(TimeSpan limit, string setting) => (Limit, Setting) = (limit, setting);

    public TimeSpan Limit { get; private set; }

    /// <summary>What has set the limit, for texts.</summary>
    public string Setting { get; private set; }

    public bool HasExpired
    {
        get
        {
            lock (_gate)
            {
                return _expired;
            }
        }
    }

    /// <summary>One that nobody else knows: a new one, or one that was used before.</summary>
    public static TotalDeadline Rent(TimeSpan limit, string setting)
    {
        if (t_spare is not { } spare)
        {
            return new TotalDeadline(limit, setting);
        }

        t_spare = null;
        (spare.Limit, spare.Setting) = (limit, setting);
        return spare;
    }

    /// <summary>
    /// The exchange has its response, of its first attempt: who ends the time, now or with the body, may keep this for another exchange.
    /// </summary>
    public void AllowReuse() => _maySpare = true;

    /// <summary>Names who is to be told. If the time is over already, it is told at once.</summary>
    public void Watch(ITotalDeadlineTarget target)
    {
        lock (_gate)
        {
            _target = target;
            if (!_expired)
            {
                return;
            }
        }

        target.TotalTimeExpired(this);
    }

    /// <summary>As <see cref="Watch"/>, for the body of the response, which is not held.</summary>
    public void WatchBody(ITotalDeadlineTarget body)
    {
        lock (_gate)
        {
            _target = null;
            if (!_expired)
            {
                if (_body is null)
                {
                    _body = new WeakReference<ITotalDeadlineTarget>(body);
                }
                else
                {
                    _body.SetTarget(body);
                }

                return;
            }
        }

        body.TotalTimeExpired(this);
    }

    /// <summary>This one is told no more. Returns whether it never was, nor is about to be.</summary>
    public bool Leave(ITotalDeadlineTarget target)
    {
        lock (_gate)
        {
            if (_target == target)
            {
                _target = null;
            }

            return !_expired;
        }
    }

    /// <summary>The exchange is over, and so is its time. To be called once.</summary>
    public void End(DeadlineQueue deadlines)
    {
        // Story: the time is over just as the body is. Its call is on its way with this object, which must not mean another request then.
        if (!deadlines.Cancel(this) || !_maySpare)
        {
            return;
        }

        lock (_gate)
        {
            Debug.Assert(!_expired, "cancelled, and expired all the same");
            _target = null;
            _body?.SetTarget(null!);
        }

        _maySpare = false;
        t_spare = this;
    }

    protected override void OnExpired()
    {
        ITotalDeadlineTarget? target;
        lock (_gate)
        {
            _expired = true;
            target = _target;
            if (target is null)
            {
                _body?.TryGetTarget(out target);
            }
        }

        target?.TotalTimeExpired(this);
    }
}

/// <summary>What holds the exchange at the moment.</summary>
internal interface ITotalDeadlineTarget
{
    void TotalTimeExpired(TotalDeadline total);
}
