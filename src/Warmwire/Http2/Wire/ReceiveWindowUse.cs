namespace Warmwire.Http2.Wire;

/// <summary>What is left of a <see cref="ReceiveWindow"/> behind what the peer has sent.</summary>
internal enum ReceiveWindowUse
{
    /// <summary>The peer may send on.</summary>
    Open,

    /// <summary>The peer may wait for our word.</summary>
    UsedUp,

    /// <summary>The peer has sent more than it might (RFC 9113 §6.9.1).</summary>
    Passed,
}
