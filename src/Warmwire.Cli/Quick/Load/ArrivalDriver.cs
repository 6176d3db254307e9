namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Starts every arrival when it is due, on a thread of its own that does nothing else, whatever became of those before: the open model.
/// What is due while the thread is busy is started as soon as it can be, with its due time. What is due while the whole process is stopped
/// is not started: all of it at once would be a load that nobody asked for.
/// </summary>
internal sealed class ArrivalDriver
{
    /// <summary>A wait looks at the clock this often.</summary>
    private const long LongestWait = 50_000_000;

    private readonly ArrivalSchedule _schedule;
    private readonly Action<long, long> _start;
    private readonly Action<long, long> _paused;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="schedule">When.</param>
    /// <param name="start">Starts an arrival, given its number and due time (of <see cref="LoadClock.Now"/>); returns at once.</param>
    /// <param name="paused">Told how long the process was stopped, and how many arrivals were due meanwhile.</param>
    public ArrivalDriver(ArrivalSchedule schedule, Action<long, long> start, Action<long, long> paused)
    {
        _schedule = schedule;
        _start = start;
        _paused = paused;
    }

    /// <summary>Ends when all arrivals have been started, or when it is called off.</summary>
    public Task RunAsync(long startsAt, CancellationToken cancellationToken)
    {
        new Thread(() => Drive(startsAt, cancellationToken))
        {
            IsBackground = true,
            Name = "arrivals",
            Priority = ThreadPriority.Highest,
        }.Start();
        return _ended.Task;
    }

    private void Drive(long startsAt, CancellationToken cancellationToken)
    {
        try
        {
            LoadClock.MakeWaitsPrecise();
            var watch = new PauseWatch(LoadClock.Now);
            long before = startsAt;
            for (long i = 0; i < _schedule.Count && !cancellationToken.IsCancellationRequested;)
            {
                long due = startsAt + _schedule.DueAt(i);
                long now = LoadClock.Now;
                if (watch.Saw(now) is > 0 and var pause)
                {
                    // What was due before the pause is only late.
                    long next = Math.Max(i, _schedule.DueBefore(now - startsAt));
                    long missed = next - Math.Max(i, Math.Min(next, _schedule.DueBefore(now - pause - startsAt)));
                    StartLate(startsAt, i, next - missed);
                    _paused(pause, missed);
                    i = next;
                }
                else if (now < due)
                {
                    bool isLast = due - now <= LongestWait;
                    LoadClock.WaitUntil(isLast ? due : now + LongestWait, isLast ? due - before : 0, cancellationToken);
                }
                else
                {
                    _start(i, due);
                    before = due;
                    i++;
                }
            }

            _ended.SetResult();
        }
        catch (Exception error)
        {
            _ended.SetException(error);
        }
    }

    private void StartLate(long startsAt, long from, long end)
    {
        for (long i = from; i < end; i++)
        {
            _start(i, startsAt + _schedule.DueAt(i));
        }
    }
}
