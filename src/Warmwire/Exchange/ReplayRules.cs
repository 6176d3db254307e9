using Warmwire.Connections;

namespace Warmwire.Exchange;

/// <summary>When a failed attempt may be sent again (<see cref="ReplayPolicy"/>; RFC 9110 §9.2.2, RFC 9112 §9.3.1).</summary>
internal static class ReplayRules
{
    public const int MaxReplays = 3;

    public static bool MayReplay(Attempt attempt, TransportException error)
    {
        ReplayPolicy policy = attempt.Settings.RetryPolicy;
        if (policy == ReplayPolicy.Never
            || attempt.Replays >= MaxReplays
            || !attempt.WasLeased
            || error.IsTimeout
            || attempt.ResponseStarted
            || attempt.CancellationToken.IsCancellationRequested
            || attempt.TotalDeadline?.HasExpired == true)
        {
            return false;
        }

        // Not one byte was handed to the socket: the server cannot have seen it, and the content has not been touched.
        if (attempt.Sent == RequestSent.No)
        {
            return true;
        }

        // A reused connection may have been closed by the server just as the request was sent. On a fresh one that excuse does not hold.
        return (attempt.Reused || policy == ReplayPolicy.Idempotent)
            && IdempotentMethods.MayRepeat(attempt.Request)
            && ContentReplay.CanProduceAgain(attempt.Request.Content);
    }
}
