namespace Warmwire.Tests.Kit;

/// <summary>How an in-memory connection behaves, seen from the client.</summary>
public sealed record MemoryTransportOptions
{
    /// <summary>
    /// Whether a read into an empty buffer waits until there is something to read, as a socket's does, or completes at once.
    /// </summary>
    public bool SupportsZeroByteReads { get; init; } = true;

    /// <summary>Dribble: no read of the client gets more than this.</summary>
    public int MaxBytesPerRead { get; init; } = int.MaxValue;

    /// <summary>How many bytes the client may have on the way before its writes wait for the peer to read.</summary>
    public int WriteCapacity { get; init; } = int.MaxValue;

    /// <summary>Whether the client's writes fail once the peer has closed. TCP lets the first few through, so both happen.</summary>
    public bool FailWritesAfterPeerClosed { get; init; }
}
