using System.Net;

namespace Warmwire.Dialing;

/// <summary>
/// Connects to the first of several addresses that answers (RFC 8305 §5). The next attempt starts when the last one has been running for
/// <see cref="AttemptDelay"/> or as soon as one fails; attempts go on side by side until one succeeds, and the others are then cancelled
/// and disposed.
/// </summary>
internal static class AddressRace
{
    /// <summary>RFC 8305 §8: the Connection Attempt Delay, as it recommends it.</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired; it ends the race even if attempts ignore
    /// it.</exception>
    public static async Task<AddressRaceResult<T>> RunAsync<T>(
        IReadOnlyList<IPEndPoint> endPoints,
        Func<IPEndPoint, CancellationToken, Task<T>> connect,
        TimeProvider clock,
        CancellationToken cancellationToken)
        where T : class, IDisposable
    {
        var running = new List<(IPEndPoint EndPoint, Task<T> Task)>();
        var failures = new List<(IPEndPoint EndPoint, Exception Error)>();
        using var race = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            int next = 0;
            Task? delay = null;
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (next < endPoints.Count && delay is null or { IsCompleted: true })
                {
                    // The delay first: it is measured from the start of the attempt, whose synchronous part may take its time.
                    IPEndPoint endPoint = endPoints[next++];
                    delay = next < endPoints.Count ? Task.Delay(AttemptDelay, clock, race.Token) : null;
                    running.Add((endPoint, StartAsync(connect, endPoint, race.Token)));
                }

                if (running.Count == 0)
                {
                    return new AddressRaceResult<T>(null, null, failures);
                }

                await AnyOf(running, delay).WaitAsync(cancellationToken).ConfigureAwait(false);
                int finished = FirstCompleted(running);
                if (finished < 0)
                {
                    continue;
                }

                (IPEndPoint EndPoint, Task<T> Task) ended = running[finished];
                running.RemoveAt(finished);
                try
                {
                    return new AddressRaceResult<T>(await ended.Task.ConfigureAwait(false), ended.EndPoint, failures);
                }
                catch (Exception e)
                {
                    failures.Add((ended.EndPoint, e));
                    delay = null;
                }
            }
        }
        finally
        {
            await race.CancelAsync().ConfigureAwait(false);
            foreach ((_, Task<T> task) in running)
            {
                DialDeadline.Discard(task);
            }
        }
    }

    private static int FirstCompleted<T>(List<(IPEndPoint EndPoint, Task<T> Task)> running)
    {
        for (int i = 0; i < running.Count; i++)
        {
            if (running[i].Task.IsCompleted)
            {
                return i;
            }
        }

        return -1;
    }

    private static Task AnyOf<T>(List<(IPEndPoint EndPoint, Task<T> Task)> running, Task? delay)
    {
        var tasks = new List<Task>(running.Count + 1);
        foreach ((_, Task<T> task) in running)
        {
            tasks.Add(task);
        }

        if (delay is not null)
        {
            tasks.Add(delay);
        }

        return Task.WhenAny(tasks);
    }

    /// <summary>An attempt that fails before its first await fails like any other.</summary>
    private static Task<T> StartAsync<T>(
        Func<IPEndPoint, CancellationToken, Task<T>> connect, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        try
        {
            return connect(endPoint, cancellationToken);
        }
        catch (Exception e)
        {
            return Task.FromException<T>(e);
        }
    }
}

/// <summary>How a race ended: with a winner, or with a failure at every address.</summary>
/// <param name="Winner">What the first successful attempt made, or <see langword="null"/>.</param>
/// <param name="EndPoint">Where the winner leads.</param>
/// <param name="Failures">The attempts that failed before the race was over, in the order they failed.</param>
/// <remarks>An object, because the code of a task of a struct is compiled by each program at its first request.</remarks>
internal sealed record AddressRaceResult<T>(
    T? Winner, IPEndPoint? EndPoint, IReadOnlyList<(IPEndPoint EndPoint, Exception Error)> Failures)
    where T : class, IDisposable;
