namespace Warmwire.Timing;

/// <summary>
/// Something that happens unless it is cancelled in time. Derive it, or embed a derived object, in whatever lives as long as the wait: a
/// deadline carries its own links, so scheduling it allocates nothing, and it can be scheduled again after it expired or was cancelled.
/// </summary>
internal abstract class Deadline
{
    /// <summary>
    /// The list it is linked into; <see langword="null"/> while not scheduled. Guarded, like the links, by the gate of the list's queue.
    /// </summary>
    internal DeadlineList? List;
    internal Deadline? Previous;
    internal Deadline? Next;

    /// <summary>In units of the queue's <see cref="TimeProvider.GetTimestamp"/>.</summary>
    internal long DueAt;

    /// <summary>Whether it waits in a queue. Without a lock, so the answer may be stale when it arrives.</summary>
    public bool IsScheduled => Volatile.Read(ref List) is not null;

    internal void Expire() => OnExpired();

    /// <summary>
    /// The time is up. Runs on a timer thread, under no lock, with no execution context, and may schedule deadlines, this one included. It
    /// must not throw, and it should be short: those that expired with it wait behind it.
    /// </summary>
    protected abstract void OnExpired();
}
