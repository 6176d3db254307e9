using System.Net.Sockets;

namespace Warmwire.Tests.Kit;

/// <summary>One direction of an in-memory connection.</summary>
internal sealed class MemoryPipe(int capacity, int maxBytesPerRead, bool supportsZeroByteReads, bool failWritesAfterReaderClosed)
{
    private readonly Lock _gate = new();
    private readonly Queue<byte> _bytes = new();
    private TaskCompletionSource _changed = NewSignal();
    private bool _writerClosed;
    private bool _readerClosed;
    private bool _writerDisposed;
    private bool _readerDisposed;
    private bool _reset;
    private bool _starving;
    private int _reading;
    private int _writing;
    private long _totalWritten;
    private int _writes;

    /// <summary>Whether a read has found nothing, and nothing has come or ended since: there is no byte on its way to the reader.</summary>
    public bool IsStarving
    {
        get
        {
            lock (_gate)
            {
                return _starving;
            }
        }
    }

    /// <summary>Whether a read waits for data right now.</summary>
    public bool IsReading => Volatile.Read(ref _reading) != 0;

    public long TotalWritten => Interlocked.Read(ref _totalWritten);

    public int Writes => Volatile.Read(ref _writes);

    public int Unread
    {
        get
        {
            lock (_gate)
            {
                return _bytes.Count;
            }
        }
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
        {
            throw new InvalidOperationException("A read began while another was pending on the same stream.");
        }

        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Task changed;
                lock (_gate)
                {
                    if (TryReadNeedsLock(buffer.Span, out int count))
                    {
                        return count;
                    }

                    _starving = true;
                    changed = _changed.Task;
                }

                // Nothing has been taken yet, so a cancellation here loses nothing.
                await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
        {
            throw new InvalidOperationException("A write began while another was pending on the same stream.");
        }

        try
        {
            Interlocked.Increment(ref _writes);
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                Task changed;
                lock (_gate)
                {
                    bytes = bytes[WriteNeedsLock(bytes.Span)..];
                    changed = _changed.Task;
                }

                if (!bytes.IsEmpty)
                {
                    await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            while (!bytes.IsEmpty);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    /// <summary>The writer is done: the reader gets the rest, then the end.</summary>
    public void CloseWriter(bool disposed)
    {
        lock (_gate)
        {
            _writerClosed = true;
            _writerDisposed |= disposed;
            ChangedNeedsLock();
        }
    }

    /// <summary>Nobody will read any more.</summary>
    public void CloseReader(bool disposed)
    {
        lock (_gate)
        {
            _readerClosed = true;
            _readerDisposed |= disposed;
            _bytes.Clear();
            ChangedNeedsLock();
        }
    }

    public void Reset(bool keepDelivered)
    {
        lock (_gate)
        {
            _reset = true;
            if (!keepDelivered)
            {
                _bytes.Clear();
            }

            ChangedNeedsLock();
        }
    }

    private bool TryReadNeedsLock(Span<byte> buffer, out int count)
    {
        count = 0;
        if (_readerDisposed)
        {
            // What was pending at the disposal and what came after it are the same to a socket's user: it is gone.
            throw new IOException("The stream was disposed.", new ObjectDisposedException("stream"));
        }

        if (_reset && _bytes.Count == 0)
        {
            throw Failure(SocketError.ConnectionReset);
        }

        if (buffer.IsEmpty)
        {
            return !supportsZeroByteReads || _bytes.Count > 0 || _writerClosed;
        }

        if (_bytes.Count == 0)
        {
            return _writerClosed;
        }

        count = Math.Min(Math.Min(buffer.Length, maxBytesPerRead), _bytes.Count);
        for (int i = 0; i < count; i++)
        {
            buffer[i] = _bytes.Dequeue();
        }

        ChangedNeedsLock();
        return true;
    }

    private int WriteNeedsLock(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_writerDisposed, "stream");
        if (_reset)
        {
            throw Failure(SocketError.ConnectionReset);
        }

        if (_writerClosed)
        {
            throw Failure(SocketError.Shutdown);
        }

        if (_readerClosed)
        {
            if (failWritesAfterReaderClosed)
            {
                throw Failure(SocketError.Shutdown);
            }

            return bytes.Length;
        }

        int count = Math.Min(bytes.Length, capacity - _bytes.Count);
        if (count <= 0)
        {
            return 0;
        }

        foreach (byte value in bytes[..count])
        {
            _bytes.Enqueue(value);
        }

        Interlocked.Add(ref _totalWritten, count);
        ChangedNeedsLock();
        return count;
    }

    private void ChangedNeedsLock()
    {
        _starving = false;

        // Completes its waiters on the thread pool, so this is safe under the lock.
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static IOException Failure(SocketError error)
    {
        var inner = new SocketException((int)error);
        return new IOException(inner.Message, inner);
    }
}
