namespace Warmwire.Http2;

/// <summary>What is left to do for a stream behind a read of its connection, in this order.</summary>
[Flags]
internal enum StreamSteps
{
    None = 0,

    /// <summary>Its slot ends: the pool is told.</summary>
    EndSlot = 1,

    /// <summary>Its body ends: the caller is told.</summary>
    EndBody = 2,

    /// <summary>Its response is handed over.</summary>
    HandOver = 4,
}
