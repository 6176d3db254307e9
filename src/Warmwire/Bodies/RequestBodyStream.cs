using Warmwire.Diagnostics;

namespace Warmwire.Bodies;

/// <summary>What the content of a request writes into.</summary>
internal sealed class RequestBodyStream : Stream
{
    private readonly IRequestBodyWriter _writer;
    private readonly long? _promised;
    private long _written;
    private volatile bool _complete;

    /// <param name="writer">Where it goes.</param>
    /// <param name="promised">The Content-Length that was sent, or <see langword="null"/> if none was.</param>
    public RequestBodyStream(IRequestBodyWriter writer, long? promised)
    {
        _writer = writer;
        _promised = promised;
    }

    /// <summary>Everything that Content-Length promised has been written.</summary>
    public bool IsWhole => _written == _promised;

    /// <summary>The content has written something.</summary>
    public bool HasWritten => _written != 0;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// No more writes: a content that writes on after its task has ended must not write into the next request. The promise of
    /// Content-Length must be kept, else the next request would be taken for the rest of this one (RFC 9112 §6.2).
    /// </summary>
    public void Complete()
    {
        _complete = true;
        if (_promised is { } promised && _written != promised)
        {
            throw new HttpRequestException(ErrorTexts.ContentShorterThanPromised(promised, _written));
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return default;
        }

        ObjectDisposedException.ThrowIf(_complete, this);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        if (_promised is { } promised && buffer.Length > promised - _written)
        {
            return ValueTask.FromException(new HttpRequestException(ErrorTexts.ContentLongerThanPromised(promised)));
        }

        _written += buffer.Length;
        return _writer.WriteBodyAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken)
        : _complete ? Task.CompletedTask
        : _writer.FlushAsync().AsTask();

    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>Sends what the content of a request writes.</summary>
internal interface IRequestBodyWriter
{
    ValueTask WriteBodyAsync(ReadOnlyMemory<byte> data);

    /// <summary>The same, for a write that its caller may give up while it waits.</summary>
    ValueTask WriteBodyAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => WriteBodyAsync(data);

    ValueTask FlushAsync();
}
