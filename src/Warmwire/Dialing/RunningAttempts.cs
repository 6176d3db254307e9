using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Warmwire.Dialing;

/// <summary>The attempts of one race that are under way, with the permits they hold: as many as there are attempts, less one.</summary>
internal sealed class RunningAttempts<T>(Func<IPEndPoint, CancellationToken, Task<T>> connect, RaceRules rules, TimeProvider clock)
    where T : class, IDisposable
{
    private readonly List<Running> _running = [];
    private readonly List<(IPEndPoint EndPoint, Exception Error)> _failures = [];

    private readonly Lock _gate = new();

    // Attempts whose sockets may be open. Guarded by _gate: the race's flow changes it, and whatever thread ends an attempt.
    private int _alive;

    public int Count => _running.Count;

    public IReadOnlyList<(IPEndPoint EndPoint, Exception Error)> Failures => _failures;

    /// <summary><see langword="false"/>: there is no permit for another one.</summary>
    public bool TryStart(IPEndPoint endPoint, CancellationToken race)
    {
        lock (_gate)
        {
            // The first is covered by the permit of the dial. Story: the only one ends between the look and the count. It kept the dial's
            // permit, and the one that was taken here came back never. So the two are one step.
            if (_alive > 0 && rules.Permits?.TryTakePermit() == false)
            {
                return false;
            }

            _alive++;
        }

        var own = CancellationTokenSource.CreateLinkedTokenSource(race);
        var attempt = new RaceAttempt(endPoint, clock.GetTimestamp());
        rules.Attempts.Add(attempt);
        _running.Add(new Running(attempt, StartAsync(endPoint, own.Token), own));
        return true;
    }

    /// <summary>Ends the attempt that runs longest, if it has had its time, so that the next has its permit.</summary>
    public void GiveUpOldest()
    {
        Running oldest = _running[0];
        if (!oldest.Attempt.IsGivenUp && clock.GetElapsedTime(oldest.Attempt.BegunAt) >= rules.Alone)
        {
            oldest.Attempt.IsGivenUp = true;
            oldest.Attempt.Unanswered = clock.GetElapsedTime(oldest.Attempt.BegunAt);
            oldest.Own.Cancel();
        }
    }

    public Task AnyEnded(Task? orThis)
    {
        var tasks = new List<Task>(_running.Count + 1);
        tasks.AddRange(_running.Select(static running => running.Task));
        if (orThis is not null)
        {
            tasks.Add(orThis);
        }

        return Task.WhenAny(tasks);
    }

    public bool TryTakeEnded([NotNullWhen(true)] out RaceAttempt? attempt, [NotNullWhen(true)] out Task<T>? task)
    {
        int ended = _running.FindIndex(static running => running.Task.IsCompleted);
        if (ended < 0)
        {
            attempt = null;
            task = null;
            return false;
        }

        Running taken = _running[ended];
        _running.RemoveAt(ended);
        taken.Own.Dispose();
        attempt = taken.Attempt;
        task = taken.Task;
        return true;
    }

    public void Failed(RaceAttempt attempt, Exception error)
    {
        attempt.Error = attempt.IsGivenUp ? null : error;
        _failures.Add((attempt.EndPoint, error));
    }

    /// <summary>The race is over: what still runs is let go of. It holds its permit until it has ended.</summary>
    public void Abandon()
    {
        foreach (Running running in _running)
        {
            running.Attempt.Unanswered ??= clock.GetElapsedTime(running.Attempt.BegunAt);
            _ = running.Task.ContinueWith(
                static (ended, state) =>
                {
                    var (attempts, own) = ((RunningAttempts<T>, CancellationTokenSource))state!;
                    own.Dispose();
                    if (ended.IsCompletedSuccessfully)
                    {
                        DialDeadline.DisposeQuietly(ended.Result);
                        attempts.Ended();
                    }
                    else
                    {
                        _ = ended.Exception;
                    }
                },
                (this, running.Own),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>An attempt that fails before its first await fails like any other.</summary>
    private async Task<T> StartAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        try
        {
            return await connect(endPoint, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Ended();
            throw;
        }
    }

    /// <summary>The socket of an attempt that did not win is closed. The last one keeps the dial's own permit.</summary>
    private void Ended()
    {
        bool hasOne;
        lock (_gate)
        {
            hasOne = --_alive > 0;
        }

        if (hasOne)
        {
            rules.Permits?.ReleasePermit();
        }
    }

    private sealed record Running(RaceAttempt Attempt, Task<T> Task, CancellationTokenSource Own);
}
