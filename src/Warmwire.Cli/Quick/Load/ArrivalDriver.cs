namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Starts every arrival when it is due, on a thread of its own that does nothing else, whatever became of those before: the open model.
/// What is due while the thread is busy or asleep is started as soon as it can be, with its due time.
/// </summary>
internal sealed class ArrivalDriver
{
    private readonly ArrivalSchedule _schedule;
    private readonly Action<long, long> _start;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="schedule">When.</param>
    /// <param name="start">Starts an arrival, given its number and due time (of <see cref="LoadClock.Now"/>); returns at once.</param>
    public ArrivalDriver(ArrivalSchedule schedule, Action<long, long> start)
    {
        _schedule = schedule;
        _start = start;
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
            for (long i = 0; i < _schedule.Count; i++)
            {
                long due = startsAt + _schedule.DueAt(i);
                LoadClock.WaitUntil(due, cancellationToken);
                if (cancellationToken.IsCancellationRequested)
                {
                    break;
                }

                _start(i, due);
            }

            _ended.SetResult();
        }
        catch (Exception error)
        {
            _ended.SetException(error);
        }
    }
}
