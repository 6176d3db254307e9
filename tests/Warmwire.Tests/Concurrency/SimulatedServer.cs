using Warmwire.Concurrency;

namespace Warmwire.Tests.Concurrency;

/// <summary>
/// A server with some workers and a queue, and clients that send as much as a limit lets them: events in simulated time, the same for the
/// same seed.
/// </summary>
internal sealed class SimulatedServer
{
    private readonly Random _random;
    private readonly PriorityQueue<TimeSpan, TimeSpan> _events = new();
    private readonly Queue<TimeSpan> _queue = [];
    private int _busy;
    private int _waiting;

    public SimulatedServer(int seed, AdaptiveConcurrency? settings = null)
    {
        _random = new Random(seed);
        Limit = new AdaptiveLimit(settings ?? new AdaptiveConcurrency(), _random.NextDouble, TimeSpan.Zero);
    }

    public AdaptiveLimit Limit { get; }

    public int Workers { get; set; } = 16;

    /// <summary>The mean time of one exchange in a worker.</summary>
    public TimeSpan Service { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Whether service times vary as those of M/M/c do; else they are all the same.</summary>
    public bool IsRandom { get; set; } = true;

    /// <summary>How much slower each exchange in the queue makes the workers.</summary>
    public double SlowerPerQueued { get; set; }

    /// <summary>How many clients want an answer at a time.</summary>
    public int Clients { get; set; } = 400;

    public TimeSpan Now { get; private set; }

    public int UnderWay { get; private set; }

    public long Answers { get; private set; }

    /// <summary>The limit at each answer since <see cref="Run"/> began, without the moments of measuring.</summary>
    public List<int> Limits { get; } = [];

    /// <summary>Answers per second while it runs.</summary>
    public double Rate { get; private set; }

    public void Run(double seconds)
    {
        TimeSpan end = Now + TimeSpan.FromSeconds(seconds);
        long before = Answers;
        Limits.Clear();
        _waiting = Clients - UnderWay;
        Admit();
        while (_events.TryPeek(out _, out TimeSpan at) && at < end)
        {
            TimeSpan startedAt = _events.Dequeue();
            Now = at;
            Answers++;
            UnderWay--;
            _busy--;
            while (_busy < Workers && _queue.TryDequeue(out TimeSpan next))
            {
                _busy++;
                Serve(next);
            }

            _waiting = Math.Max(0, Clients - UnderWay);
            Limit.Answered(startedAt, UnderWay, Now);
            if (!Limit.IsMeasuring)
            {
                Limits.Add(Limit.Limit);
            }

            Admit();
        }

        Now = end;
        Rate = (Answers - before) / seconds;
    }

    /// <summary>No worker does anything for this time.</summary>
    public void Stall(double seconds)
    {
        TimeSpan time = TimeSpan.FromSeconds(seconds);
        var late = new List<(TimeSpan StartedAt, TimeSpan At)>();
        while (_events.TryDequeue(out TimeSpan startedAt, out TimeSpan at))
        {
            late.Add((startedAt, at + time));
        }

        late.ForEach(one => _events.Enqueue(one.StartedAt, one.At));
        Now += time;
        Admit();
    }

    public override string ToString() =>
        $"limit {Limit.Limit}, latency {Limit.SampledLatency}, at least {Limit.MinLatency}, seen {Limits.Min()} to {Limits.Max()}";

    private void Admit()
    {
        Limit.Look(UnderWay, Now);
        while (_waiting > 0 && UnderWay < Limit.Limit)
        {
            _waiting--;
            UnderWay++;
            Limit.UnderWay(UnderWay);
            if (_busy < Workers)
            {
                _busy++;
                Serve(Now);
            }
            else
            {
                _queue.Enqueue(Now);
            }
        }
    }

    private void Serve(TimeSpan startedAt)
    {
        double factor = IsRandom ? -Math.Log(1 - _random.NextDouble()) : 1;
        factor *= 1 + (SlowerPerQueued * _queue.Count);
        _events.Enqueue(startedAt, Now + (Service * factor));
    }
}
