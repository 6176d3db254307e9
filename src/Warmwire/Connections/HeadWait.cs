using Warmwire.Diagnostics;
using Warmwire.Timing;

namespace Warmwire.Connections;

/// <summary>
/// The wait for the head of a response, and what may end it from outside, whatever the protocol: the caller's token, the total time of the
/// exchange, the time for the head. As a deadline it is the last of these.
/// </summary>
/// <remarks>What waits can be used again only if nothing of this can call it any more; <see cref="EndWait"/> says so.</remarks>
internal abstract class HeadWait : Deadline, ITotalDeadlineTarget
{
    private Sources _sources;

    /// <summary>The head is here, or will not come.</summary>
    protected bool HeadDone { get => _sources.Ended; set => _sources.Ended = value; }

    /// <summary>The connection that serves it.</summary>
    protected abstract HttpConnection Serving { get; }

    /// <summary>The attempt that waits, or <see langword="null"/> if none does any more.</summary>
    protected abstract Attempt? Waiting { get; }

    void ITotalDeadlineTarget.TotalTimeExpired(TotalDeadline total)
    {
        if (Waiting is { } attempt)
        {
            TransportPhase phase = TransportErrors.PhaseOf(attempt);
            GiveUp(attempt, TransportErrors.TotalTimeout(Serving, attempt, total, phase), CloseReason.RequestTimeout);
        }
    }

    /// <summary>From here on the token and the total time end the wait, also before <see cref="LimitWait"/>.</summary>
    protected void BeginWait(Attempt attempt)
    {
        attempt.TotalDeadline?.Watch(this);
        if (attempt.CancellationToken.CanBeCanceled)
        {
            _sources.Cancellation =
                attempt.CancellationToken.UnsafeRegister(static (state, token) => ((HeadWait)state!).Cancelled(token), this);
        }
    }

    /// <summary>The request is written as a whole: from here on the server has its time for the head.</summary>
    protected void LimitWait(Attempt attempt)
    {
        TimeSpan limit = attempt.Settings.ResponseHeadersTimeout;
        if (limit == Timeout.InfiniteTimeSpan || _sources.Ended)
        {
            return;
        }

        // Story: the head arrives between the check above and the schedule below. Its flow found nothing to cancel, so this one does.
        DeadlineQueue deadlines = Serving.Services.Deadlines;
        _sources.Timed = true;
        deadlines.Schedule(this, limit);
        if (_sources.Ended)
        {
            deadlines.Cancel(this);
        }
    }

    /// <summary>The head is here, or will not come. Returns whether nothing that could still call this object is left.</summary>
    protected bool EndWait(Attempt attempt)
    {
        _sources.Ended = true;
        bool alone = attempt.TotalDeadline?.Leave(this) ?? true;
        if (_sources.Timed)
        {
            // Not cancelled: it has expired, and its call may be on its way here.
            alone &= Serving.Services.Deadlines.Cancel(this);
        }

        if (attempt.CancellationToken.CanBeCanceled)
        {
            alone &= _sources.Cancellation.Unregister();
        }

        return alone;
    }

    /// <summary>Makes it ready for another wait.</summary>
    protected void ClearWait() => _sources = default;

    protected void Cancelled(CancellationToken token)
    {
        if (Waiting is { } attempt)
        {
            GiveUp(attempt, new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, token), CloseReason.Cancelled);
        }
    }

    protected sealed override void OnExpired()
    {
        if (Waiting is { } attempt)
        {
            GiveUp(attempt, TransportErrors.ResponseHeadersTimeout(Serving, attempt), CloseReason.RequestTimeout);
        }
    }

    /// <summary>The caller waits no more.</summary>
    protected abstract void GiveUp(Attempt attempt, Exception error, CloseReason reason);

    private struct Sources
    {
        public CancellationTokenRegistration Cancellation;
        public bool Timed;
        public volatile bool Ended;
    }
}
