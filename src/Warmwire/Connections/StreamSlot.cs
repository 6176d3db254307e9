using System.Diagnostics;

namespace Warmwire.Connections;

/// <summary>
/// One of a multiplexed connection's concurrent streams as the pool counts it, so that each one that is taken ends once. It has one holder
/// at a time: the attempt from the lease until its stream is open, then the stream.
/// </summary>
/// <remarks>
/// <code>
///         the pool, under its lock     TryLease succeeds        the stream is in the table
///   None ──────────────────────► Taken ───────────────► Leased ───────────────────────────► Open
///                                  │                      │                                  │
///                                  └──────────────────────┴────────► Ended ◄─────────────────┘
/// </code>
/// </remarks>
internal struct StreamSlot
{
    /// <summary>How far it is. <see cref="StreamSlotState.None"/>: its holder has none, or has handed it on.</summary>
    public StreamSlotState State { get; private set; }

    /// <summary>Its stream is a tunnel, and the pool was told so.</summary>
    public bool IsTunnel { get; private set; }

    /// <summary>The stream of an open slot is a tunnel from here on. The caller tells the pool.</summary>
    public void BecomeTunnel()
    {
        Debug.Assert(State == StreamSlotState.Open, "an open stream");
        IsTunnel = true;
    }

    /// <summary>The pool has counted it.</summary>
    public static StreamSlot Take()
    {
        StreamSlot slot = default;
        slot.MoveTo(StreamSlotState.Taken);
        return slot;
    }

    /// <summary>A slot whose connection has agreed to serve one more stream.</summary>
    public static StreamSlot TakeLeased()
    {
        StreamSlot slot = Take();
        slot.Lease();
        return slot;
    }

    /// <summary>The connection has agreed to serve one more stream.</summary>
    public void Lease() => MoveTo(StreamSlotState.Leased);

    /// <summary>The stream is in the table: it holds the slot from here on, and this place is empty.</summary>
    /// <returns>The slot, for the stream.</returns>
    public StreamSlot Open()
    {
        MoveTo(StreamSlotState.Open);
        StreamSlot slot = this;
        this = default;
        return slot;
    }

    /// <summary>The slot is free for another request. The caller tells the pool.</summary>
    public void End() => MoveTo(StreamSlotState.Ended);

    private void MoveTo(StreamSlotState next)
    {
        Debug.Assert(
            (State, next) is
                (StreamSlotState.None, StreamSlotState.Taken) or
                (StreamSlotState.Taken, StreamSlotState.Leased or StreamSlotState.Ended) or
                (StreamSlotState.Leased, StreamSlotState.Open or StreamSlotState.Ended) or
                (StreamSlotState.Open, StreamSlotState.Ended),
            $"a slot moves from {State} to {next}");
        State = next;
    }
}

/// <summary>How far a <see cref="StreamSlot"/> is.</summary>
internal enum StreamSlotState : byte
{
    None,

    /// <summary>The pool has counted it, under its lock.</summary>
    Taken,

    /// <summary>The connection has agreed.</summary>
    Leased,

    /// <summary>The slot's stream is in the connection's table.</summary>
    Open,

    /// <summary>The pool was told that it is free.</summary>
    Ended,
}
