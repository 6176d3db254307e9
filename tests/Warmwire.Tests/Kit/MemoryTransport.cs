namespace Warmwire.Tests.Kit;

/// <summary>
/// Connections without sockets. They do what TCP does to a program, on demand and at once: the end, the reset, the small read, the full
/// send buffer. They also refuse what a program must not do: a second read or write while one is pending, and synchronous calls.
/// </summary>
public static class MemoryTransport
{
    public static (Stream Client, PeerEnd Peer) CreatePair(MemoryTransportOptions? options = null)
    {
        options ??= new MemoryTransportOptions();
        var toPeer = new MemoryPipe(options.WriteCapacity, int.MaxValue, supportsZeroByteReads: true, options.FailWritesAfterPeerClosed);
        var toClient =
            new MemoryPipe(int.MaxValue, options.MaxBytesPerRead, options.SupportsZeroByteReads, failWritesAfterReaderClosed: false);
        var client = new MemoryStreamEnd(toClient, toPeer);
        return (client, new PeerEnd(client, toPeer, toClient));
    }
}
