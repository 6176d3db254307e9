using System.Net;
using Warmwire.Connections;
using Warmwire.Diagnostics;
namespace Warmwire.Bodies;

/// <summary>The content of a response: bytes that came with the head, or the stream of what is to come.</summary>
internal sealed class ResponseContent : HttpContent, IConnectionInfoSource, ITimedBody
{
    private readonly HttpConnection _connection;
    private readonly LeaseFacts _lease;
    private readonly int _replays;
    private readonly long _headAt;
    private byte[]? _bytes = [];
    private Stream? _stream;
    private bool _consumed;

    public ResponseContent(HttpConnection connection, Attempt attempt)
    {
        _connection = connection;
        _lease = attempt.Lease;
        _replays = attempt.Replays;
        _headAt = connection.Services.Time.GetTimestamp();
    }

    public TransportConnectionInfo? ConnectionInfo => _connection.DescribeFor(_lease, _replays, _headAt);

    public void SetBytes(byte[] bytes) => _bytes = bytes;

    public void SetStream(Stream stream)
    {
        _stream = stream;
        _bytes = null;
    }

    public bool TryAttach(TotalDeadline deadline)
    {
        if (_stream is not ResponseBodyStream body)
        {
            return false;
        }

        body.Attach(deadline);
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Consume();
        if (_bytes is { } bytes)
        {
            return bytes.Length == 0 ? Task.CompletedTask : stream.WriteAsync(bytes, cancellationToken).AsTask();
        }

        Stream body = _stream!;
        return body is ResponseBodyStream response
            ? response.CopyBodyToAsync(stream, cancellationToken)
            : body.CopyToAsync(stream, cancellationToken);
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        SerializeToStreamAsync(stream, context, cancellationToken).GetAwaiter().GetResult();

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(CreateContentReadStream(CancellationToken.None));

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken)
    {
        Consume();
        return _bytes is { } bytes ? new ArrivedBodyStream(bytes) : _stream!;
    }

    /// <summary>As with every content of a response, the length is what the header says and nothing is computed.</summary>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Once, also where the bytes are here already: whether they are depends on how the network cut them.</summary>
    private void Consume()
    {
        if (_consumed)
        {
            throw new InvalidOperationException(Diagnostics.ErrorTexts.BodyAlreadyRead);
        }

        _consumed = true;
    }
}
