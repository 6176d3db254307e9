using Warmwire.Timing;

namespace Warmwire.Connections;

/// <summary>The total time of an exchange. It follows the exchange from place to place: the queue, a connection, the body.</summary>
internal sealed class TotalDeadline : Deadline
{
    private readonly Lock _gate = new();
    private ITotalDeadlineTarget? _target;
    private bool _expired;

    public TotalDeadline(TimeSpan limit) => Limit = limit;

    public TimeSpan Limit { get; }

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

    /// <summary>Names who is to be told. If the time is over already, it is told at once.</summary>
    public void Watch(ITotalDeadlineTarget? target)
    {
        lock (_gate)
        {
            _target = target;
            if (!_expired)
            {
                return;
            }
        }

        target?.TotalTimeExpired(Limit);
    }

    protected override void OnExpired()
    {
        ITotalDeadlineTarget? target;
        lock (_gate)
        {
            _expired = true;
            target = _target;
        }

        target?.TotalTimeExpired(Limit);
    }
}

/// <summary>What holds the exchange at the moment.</summary>
internal interface ITotalDeadlineTarget
{
    void TotalTimeExpired(TimeSpan limit);
}
