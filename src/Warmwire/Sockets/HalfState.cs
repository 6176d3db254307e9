using System.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>
/// Where one direction of a socket stands: whether the system has told of something, and whether an operation is running or waiting. One
/// atomic word, because the caller, the thread of the loop, another one that took the loop over, a canceller and a disposer may all come at
/// once.
/// </summary>
/// <remarks>
/// <code>
///                 begin                     nothing there: arm
///   (idle)    ────────────► Busy, running ◄──────────────────► Busy + Armed, waiting
///       ▲                       │             edge: claim          │
///       └───────────────────────┘ end                              └─► claimed by an edge, a canceller or a disposer: one of them only
///
///   Ready: an edge came, and no call has been made since that would have used it up.
///   Ended: the edge told of the end or a failure, which come only once: calls are always tried.
///   Urgent: an urgent byte of TCP has come; a call stops at it with more behind it, so from then on the next one is always tried.
///   Closed: disposed; nothing begins or waits any more.
/// </code>
/// The rule that loses no edge: <see cref="Ready"/> is cleared before the system call, never after it. An edge that comes between the two
/// sets it again, and then <see cref="TryArm"/> refuses and the call is made once more.
/// </remarks>
internal struct HalfState
{
    private const int Ready = 1;
    private const int Ended = 2;
    private const int Busy = 4;
    private const int Armed = 8;
    private const int Closed = 16;
    private const int Urgent = 32;

    private int _flags;

    public bool IsBusy => (Volatile.Read(ref _flags) & Busy) != 0;

    public bool IsClosed => (Volatile.Read(ref _flags) & Closed) != 0;

    /// <summary>Nothing runs and no edge has come: an operation may be prepared, to wait at once.</summary>
    public bool IsQuiet => Volatile.Read(ref _flags) == 0;

    /// <summary>Begins an operation and lets it wait, in one step. <see langword="false"/>: not quiet any more.</summary>
    public bool TryBeginArmed() => Interlocked.CompareExchange(ref _flags, Busy | Armed, 0) == 0;

    /// <summary>Begins an operation, which is running until it ends or is armed.</summary>
    public Beginning Begin()
    {
        int flags = Volatile.Read(ref _flags);
        while (true)
        {
            if ((flags & Closed) != 0)
            {
                return Beginning.Closed;
            }

            if ((flags & Busy) != 0)
            {
                return Beginning.AlreadyBusy;
            }

            int seen = Interlocked.CompareExchange(ref _flags, flags | Busy, flags);
            if (seen == flags)
            {
                return Beginning.Begun;
            }

            flags = seen;
        }
    }

    /// <summary>Takes what edges have told, before the system call that uses it up.</summary>
    /// <param name="ended">The end or a failure is there; to be handed to <see cref="End"/> unless the call found nothing.</param>
    public bool TryTakeEdge(out bool ended)
    {
        int flags = Volatile.Read(ref _flags);
        if ((flags & (Ready | Ended)) == 0)
        {
            ended = false;
            return false;
        }

        flags = Interlocked.And(ref _flags, ~(Ready | Ended));
        ended = (flags & Ended) != 0;
        return (flags & (Ready | Ended)) != 0;
    }

    /// <summary>
    /// Lets the operation wait; from then on it belongs to the one that claims it. <see langword="false"/>: an edge came since, or it was
    /// closed; it is still the caller's.
    /// </summary>
    public bool TryArm()
    {
        int flags = Volatile.Read(ref _flags);
        while (true)
        {
            Debug.Assert((flags & (Busy | Armed)) == Busy, "only a running operation can begin to wait");
            if ((flags & (Ready | Ended | Closed)) != 0)
            {
                return false;
            }

            int seen = Interlocked.CompareExchange(ref _flags, flags | Armed, flags);
            if (seen == flags)
            {
                return true;
            }

            flags = seen;
        }
    }

    /// <summary>An edge came: the waiting operation is the caller's now; or else it is noted for the next one.</summary>
    public EdgeFound OnEdge(bool ended, bool urgent = false)
    {
        int mark = urgent ? Urgent : 0;
        int edge = (ended ? Ready | Ended : Ready) | mark;
        int flags = Volatile.Read(ref _flags);
        while (true)
        {
            if ((flags & Closed) != 0)
            {
                return EdgeFound.Closed;
            }

            int next = (flags & Armed) != 0 ? (flags & ~Armed) | mark : flags | edge;
            int seen = next == flags ? flags : Interlocked.CompareExchange(ref _flags, next, flags);
            if (seen == flags)
            {
                return (flags & Armed) != 0 ? EdgeFound.Waiting
                    : (flags & Busy) != 0 ? EdgeFound.Running
                    : EdgeFound.Nothing;
            }

            flags = seen;
        }
    }

    /// <summary>Makes the next operation try, unless one waits, which the edge itself will find.</summary>
    public void Note()
    {
        int flags = Volatile.Read(ref _flags);
        while ((flags & (Armed | Ready | Closed)) == 0)
        {
            int seen = Interlocked.CompareExchange(ref _flags, flags | Ready, flags);
            if (seen == flags)
            {
                return;
            }

            flags = seen;
        }
    }

    /// <summary>A canceller takes the operation, if it waits.</summary>
    public bool TryWithdraw()
    {
        int flags = Volatile.Read(ref _flags);
        while ((flags & Armed) != 0)
        {
            int seen = Interlocked.CompareExchange(ref _flags, flags & ~Armed, flags);
            if (seen == flags)
            {
                return true;
            }

            flags = seen;
        }

        return false;
    }

    /// <summary>The running operation is over.</summary>
    /// <param name="ready">There may be more.</param>
    /// <param name="ended">The end or a failure has come.</param>
    public void End(bool ready, bool ended)
    {
        int note = (ready ? Ready : 0) | (ended ? Ended : 0);
        int flags = Volatile.Read(ref _flags);
        while (true)
        {
            Debug.Assert((flags & (Busy | Armed)) == Busy, "only a running operation can end");
            int more = (flags & Urgent) != 0 ? note | Ready : note;
            int seen = Interlocked.CompareExchange(ref _flags, (flags & ~Busy) | more, flags);
            if (seen == flags)
            {
                return;
            }

            flags = seen;
        }
    }

    /// <returns>Whether an operation waited, which is the caller's now.</returns>
    public bool Close()
    {
        int flags = Volatile.Read(ref _flags);
        while (true)
        {
            int seen = Interlocked.CompareExchange(ref _flags, (flags | Closed) & ~Armed, flags);
            if (seen == flags)
            {
                return (flags & Armed) != 0;
            }

            flags = seen;
        }
    }

    internal enum Beginning
    {
        Begun,
        AlreadyBusy,
        Closed,
    }

    internal enum EdgeFound
    {
        /// <summary>No operation: the edge is noted.</summary>
        Nothing,

        /// <summary>An operation is at its system call: the edge is noted and makes it try again.</summary>
        Running,

        /// <summary>An operation waited, and is the caller's now.</summary>
        Waiting,

        Closed,
    }
}
