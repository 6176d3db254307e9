using System.Diagnostics;

namespace Warmwire.Cli.Serving;

/// <summary>
/// Wakes waiters at the nearest millisecond. .NET's timers follow a clock that may tick every four milliseconds, always late, which would
/// make a round trip of 50 ms one of 56; a thread that waits for the next due time is exact and costs nothing between.
/// </summary>
internal sealed class DelayClock : IDisposable
{
    private static readonly long s_millisecond = Stopwatch.Frequency / 1000;

    private readonly PriorityQueue<TaskCompletionSource, long> _waiters = new();
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _changed = new(initialState: false);
    private bool _stopped;

    public DelayClock() => new Thread(Run) { IsBackground = true, Name = "delay clock" }.Start();

    public async ValueTask UntilAsync(long timestamp, CancellationToken cancellationToken)
    {
        if (!IsAhead(timestamp))
        {
            return;
        }

        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isNext;
        lock (_gate)
        {
            isNext = !_waiters.TryPeek(out _, out long next) || timestamp < next;
            _waiters.Enqueue(waiter, timestamp);
        }

        if (isNext)
        {
            _changed.Set();
        }

        await waiter.Task.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
        }

        _changed.Set();
    }

    private static bool IsAhead(long timestamp) => timestamp - Stopwatch.GetTimestamp() > s_millisecond / 2;

    private void Run()
    {
        while (true)
        {
            int wait = Timeout.Infinite;
            lock (_gate)
            {
                if (_stopped)
                {
                    break;
                }

                while (_waiters.TryPeek(out TaskCompletionSource? waiter, out long due))
                {
                    if (IsAhead(due))
                    {
                        wait = (int)Math.Max(1, Math.Round((double)(due - Stopwatch.GetTimestamp()) / s_millisecond));
                        break;
                    }

                    _waiters.Dequeue();
                    waiter.SetResult();
                }
            }

            _changed.WaitOne(wait);
        }

        _changed.Dispose();
    }
}
