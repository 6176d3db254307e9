using System.Collections.Concurrent;
using System.Text;

namespace Warmwire.Tests.Servers;

/// <summary>A client's stream whose every read the test completes by hand, on the thread it chooses.</summary>
internal sealed class StagedStream : Stream
{
    private readonly ConcurrentQueue<PendingRead> _waiting = new();
    private volatile bool _disposed;

    /// <summary>Reads that have begun and not been answered.</summary>
    public int Waiting => _waiting.Count;

    public bool IsDisposed => _disposed;

    /// <summary>Runs within each write.</summary>
    public Action? OnWrite { get; set; }

    /// <summary>Runs when a read has been answered, on the thread that answers it and before those who await it.</summary>
    public Action? OnAnswered { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Answers the oldest waiting read with as much as it takes; the rest goes to those behind it. What awaits them goes on within this
    /// call.
    /// </summary>
    public void Answer(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        for (int position = 0; position < bytes.Length;)
        {
            SpinWait.SpinUntil(() => !_waiting.IsEmpty || _disposed, TimeSpan.FromSeconds(10));
            if (!_waiting.TryDequeue(out PendingRead? read))
            {
                throw new InvalidOperationException("Nobody reads.");
            }

            int count = Math.Min(read.Buffer.Length, bytes.Length - position);
            bytes.AsMemory(position, count).CopyTo(read.Buffer);
            position += count;
            read.Done.SetResult(count);
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = new PendingRead(buffer, new TaskCompletionSource<int>());
        _ = read.Done.Task.ContinueWith(
            _ => OnAnswered?.Invoke(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _waiting.Enqueue(read);
        return new ValueTask<int>(read.Done.Task);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        OnWrite?.Invoke();
        return default;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        while (_waiting.TryDequeue(out PendingRead? read))
        {
            read.Done.TrySetException(new IOException("The stream was disposed."));
        }

        base.Dispose(disposing);
    }

    private sealed record PendingRead(Memory<byte> Buffer, TaskCompletionSource<int> Done);
}
