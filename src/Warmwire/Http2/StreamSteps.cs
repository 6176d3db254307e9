namespace Warmwire.Http2;

/// <summary>What is left to do for a stream behind a read of its connection, in this order.</summary>
[Flags]
internal enum StreamSteps
{
    None = 0,

    /// <summary>The stream's slot ends: the pool is told.</summary>
    EndSlot = 1,

    /// <summary>The response's body ends: the caller is told.</summary>
    EndBody = 2,

    /// <summary>The response is handed over.</summary>
    HandOver = 4,
}
