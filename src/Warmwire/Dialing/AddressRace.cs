using System.Net;

namespace Warmwire.Dialing;

/// <summary>
/// Connects to the first of several addresses that answers (RFC 8305 §5). The next attempt starts when the last one has been running for
/// <see cref="AttemptDelay"/> or as soon as one fails; attempts go on side by side until one succeeds, and the others are then cancelled
/// and disposed.
/// </summary>
/// <remarks>
/// Each attempt that runs beside another needs a permit. Story: a name was black-holed, ten dials were under way under a limit of ten, and
/// their attempts together held 173 sockets. Without a permit the addresses are tried one after another: the oldest attempt has its
/// time, and is given up for the next.
/// </remarks>
internal static class AddressRace
{
    /// <summary>RFC 8305 §8: the Connection Attempt Delay, as it recommends it.</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>How long an attempt runs at most while the next address waits for its permit.</summary>
    public static readonly TimeSpan AttemptAlone = TimeSpan.FromSeconds(2);

    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired; it ends the race even if attempts ignore
    /// it.</exception>
    public static Task<AddressRaceResult<T>> RunAsync<T>(
        IReadOnlyList<IPEndPoint> endPoints,
        Func<IPEndPoint, CancellationToken, Task<T>> connect,
        TimeProvider clock,
        CancellationToken cancellationToken)
        where T : class, IDisposable =>
        RunAsync(endPoints, connect, clock, new RaceRules(), cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(IReadOnlyList{IPEndPoint}, Func{IPEndPoint, CancellationToken, Task{T}}, TimeProvider,
    /// CancellationToken)"/>
    public static async Task<AddressRaceResult<T>> RunAsync<T>(
        IReadOnlyList<IPEndPoint> endPoints,
        Func<IPEndPoint, CancellationToken, Task<T>> connect,
        TimeProvider clock,
        RaceRules rules,
        CancellationToken cancellationToken)
        where T : class, IDisposable
    {
        using var race = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new RunningAttempts<T>(connect, rules, clock);
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
                    delay = next + 1 < endPoints.Count || running.Count > 0 ? Task.Delay(AttemptDelay, clock, race.Token) : null;
                    if (running.TryStart(endPoints[next], race.Token))
                    {
                        next++;
                    }
                    else
                    {
                        running.GiveUpOldest();
                    }
                }

                if (running.Count == 0)
                {
                    return new AddressRaceResult<T>(null, null, running.Failures);
                }

                await running.AnyEnded(next < endPoints.Count ? delay : null).WaitAsync(cancellationToken).ConfigureAwait(false);
                if (!running.TryTakeEnded(out RaceAttempt? ended, out Task<T>? task))
                {
                    continue;
                }

                try
                {
                    return new AddressRaceResult<T>(await task.ConfigureAwait(false), ended.EndPoint, running.Failures);
                }
                catch (Exception e)
                {
                    running.Failed(ended, e);
                    delay = null;
                }
            }
        }
        finally
        {
            await race.CancelAsync().ConfigureAwait(false);
            running.Abandon();
        }
    }
}

/// <summary>What a race keeps to besides its addresses.</summary>
internal sealed class RaceRules
{
    /// <summary>Where attempts beside another get their permits; <see langword="null"/>: they need none.</summary>
    public IAttemptPermits? Permits { get; init; }

    /// <summary>How long an attempt runs while the next waits for its permit.</summary>
    public TimeSpan Alone { get; init; } = AddressRace.AttemptAlone;

    /// <summary>All attempts, in order; also of a race that was ended from outside.</summary>
    public List<RaceAttempt> Attempts { get; init; } = [];
}

/// <summary>How a race ended: with a winner, or with a failure at every address.</summary>
/// <param name="Winner">What the first successful attempt made, or <see langword="null"/>.</param>
/// <param name="EndPoint">Where the winner leads.</param>
/// <param name="Failures">The attempts that failed before the race was over, in the order they failed.</param>
/// <remarks>An object, because the code of a task of a struct is compiled by each program at its first request.</remarks>
internal sealed record AddressRaceResult<T>(
    T? Winner, IPEndPoint? EndPoint, IReadOnlyList<(IPEndPoint EndPoint, Exception Error)> Failures)
    where T : class, IDisposable;
