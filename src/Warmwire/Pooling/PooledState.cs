namespace Warmwire.Pooling;

/// <summary>What a connection is to its pool. <see cref="PooledConnection"/> has the drawing of the moves.</summary>
internal enum PooledState : byte
{
    /// <summary>Multiplexed, open, and not offered to waiters yet: neither serving nor idle.</summary>
    Opening,

    /// <summary>Not multiplexed, with an exchange, a response body or a drain, or on its way to a request.</summary>
    Leased,

    /// <summary>In the idle stack.</summary>
    Idle,

    /// <summary>Multiplexed, with slots taken.</summary>
    Shared,

    /// <summary>Takes no more requests: the pool closes it now, or behind its last exchange.</summary>
    Retired,

    /// <summary>Closed and counted.</summary>
    Gone,
}
