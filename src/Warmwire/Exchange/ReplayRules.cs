using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>
/// When a failed attempt may be sent again (<see cref="ReplayPolicy"/>; RFC 9110 §9.2.2, RFC 9112 §9.3.1, RFC 9113 §8.7).
/// </summary>
internal static class ReplayRules
{
    public const int MaxReplays = 3;

    /// <summary>Replays of a request of which each server has said that it did nothing with it.</summary>
    public const int MaxReplaysOfUnprocessed = 20;

    /// <summary>How often a request waits again for its turn before that counts as a replay.</summary>
    public const int MaxTurnsAway = 100;

    /// <summary>How long a replay waits for the content's last read of the attempt before.</summary>
    public static readonly TimeSpan WaitForContent = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether the request waits again for its turn, which is no replay.</summary>
    public static bool IsTurnedAway(Attempt attempt) => attempt.Progress.TurnedAway && attempt.TurnsAway < MaxTurnsAway;

    private static int MaxReplaysOf(Attempt attempt) => attempt.Progress.NotProcessed ? MaxReplaysOfUnprocessed : MaxReplays;

    public static bool MayReplay(Attempt attempt, TransportException error)
    {
        ReplayPolicy policy = attempt.Settings.ReplayPolicy;
        if (!attempt.Lease.IsLeased
            || error.IsTimeout
            || attempt.CancellationToken.IsCancellationRequested
            || attempt.TotalDeadline?.HasExpired == true)
        {
            return false;
        }

        // Nothing failed: it waits for a slot once more.
        if (IsTurnedAway(attempt) && (policy != ReplayPolicy.Never || attempt.Progress.Sent == RequestSent.No))
        {
            return true;
        }

        error.IsReplaySafe = Permits(ReplayPolicy.Safe, attempt, error);
        return attempt.Replays < MaxReplaysOf(attempt) && Permits(policy, attempt, error);
    }

    /// <summary>Whether the policy allows another attempt after this failure, if there may be one at all.</summary>
    private static bool Permits(ReplayPolicy policy, Attempt attempt, TransportException error)
    {
        if (policy == ReplayPolicy.Never || attempt.Progress.ResponseStarted || !error.MayReplay)
        {
            return false;
        }

        // Not one byte was handed to the socket, so the server cannot have seen it; or the server says that it did nothing with it (RFC
        // 9113 §8.7). What was taken of the content must still be there to be taken again.
        if (attempt.Progress.Sent == RequestSent.No || attempt.Progress.NotProcessed)
        {
            return !attempt.Progress.ContentBegun || ContentReplay.CanProduceAgain(attempt.Request.Content);
        }

        // A connection that has been used or has been idle may have been closed by the server just as the request was sent. On a fresh one
        // that excuse does not hold.
        return (attempt.Lease.Reused || attempt.Lease.WasIdle || policy == ReplayPolicy.Idempotent)
            && IdempotentMethods.MayRepeat(attempt.Request)
            && ContentReplay.CanProduceAgain(attempt.Request.Content);
    }

    /// <summary>
    /// Waits until the failed attempt has let go of the content. <see langword="false"/>: it does not, or there is no more time for a
    /// replay.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller has cancelled meanwhile.</exception>
    /// <remarks>
    /// Story: the server closes in the middle of an upload. The reading flow fails the attempt while the writing flow still waits for the
    /// file the content reads from; a replay that began now would read the same file twice at once.
    /// </remarks>
    public static async ValueTask<bool> IsContentFreeAsync(Attempt attempt, TimeProvider time)
    {
        if (attempt.Progress.Copying.IsCompleted)
        {
            return true;
        }

        Task copying = attempt.Progress.Copying.WaitAsync(WaitForContent, time, attempt.CancellationToken);
        await copying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (attempt.CancellationToken.IsCancellationRequested)
        {
            throw new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, attempt.CancellationToken);
        }

        return attempt.Progress.Copying.IsCompleted
            && attempt.TotalDeadline?.HasExpired != true;
    }
}
