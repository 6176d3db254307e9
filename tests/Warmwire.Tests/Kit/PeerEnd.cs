namespace Warmwire.Tests.Kit;

/// <summary>The server's end of an in-memory connection.</summary>
public sealed class PeerEnd
{
    private readonly MemoryStreamEnd _client;
    private readonly MemoryPipe _fromClient;
    private readonly MemoryPipe _toClient;

    internal PeerEnd(MemoryStreamEnd client, MemoryPipe fromClient, MemoryPipe toClient)
    {
        _client = client;
        _fromClient = fromClient;
        _toClient = toClient;
        Stream = new MemoryStreamEnd(fromClient, toClient);
    }

    /// <summary>
    /// Runs when the client disposes its stream, before the disposal returns. To be set before the client gets the stream.
    /// </summary>
    internal Action? OnClientClosed
    {
        get => _client.OnDispose;
        set => _client.OnDispose = value;
    }

    /// <summary>This end as a stream, for TLS and the like.</summary>
    public Stream Stream { get; }

    /// <summary>Completes when the client disposes its stream.</summary>
    public Task ClientClosed => _client.Disposed;

    /// <summary>Whether the client waits in a read right now.</summary>
    public bool IsClientReading => _toClient.IsReading;

    /// <summary>How many writes the client has begun.</summary>
    public int ClientWrites => _fromClient.Writes;

    /// <summary>How many bytes the client has sent.</summary>
    public long BytesFromClient => _fromClient.TotalWritten;

    /// <summary>How many bytes lie unread at the client.</summary>
    public int UnreadByClient => _toClient.Unread;

    /// <summary>How many bytes of the client lie unread here.</summary>
    public int UnreadFromClient => _fromClient.Unread;

    /// <summary>Whether a read of the peer waits and no byte of the client is on its way to it.</summary>
    public bool HasTakenAllFromClient => _fromClient.IsStarving;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Stream.ReadAsync(buffer, cancellationToken);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        Stream.WriteAsync(bytes, cancellationToken);

    /// <summary>Says that no more comes, and goes on reading: the client reads the rest, then the end.</summary>
    public void CloseWriting() => _toClient.CloseWriter(disposed: false);

    /// <summary>Closes both directions in order: the client reads the rest, then the end.</summary>
    public void Close()
    {
        _toClient.CloseWriter(disposed: false);
        _fromClient.CloseReader(disposed: false);
    }

    /// <summary>Breaks the connection: the client's reads and writes fail, pending ones too.</summary>
    /// <param name="keepDelivered">Whether what the client has not read yet stays readable; systems differ in that.</param>
    public void Reset(bool keepDelivered = false)
    {
        _toClient.Reset(keepDelivered);
        _fromClient.Reset(keepDelivered);
    }
}
