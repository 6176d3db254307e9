using System.Net;
using System.Net.Http.Headers;
using Warmwire.Bodies;
using Warmwire.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>
/// A response's content with its last coding undone, as it is read. Disposing it disposes the content below, which drains or closes the
/// connection.
/// </summary>
internal sealed class DecompressedContent : HttpContent, IConnectionInfoSource
{
    private readonly HttpContent _original;
    private readonly ContentCoding _coding;
    private readonly bool _isPart;
    private bool _consumed;

    /// <param name="original">The content as it arrived.</param>
    /// <param name="coding">Its last coding.</param>
    /// <param name="codingsBefore">The codings that stay, as the value of Content-Encoding; empty for none.</param>
    /// <param name="isPart">Whether it is a part of a body (206).</param>
    public DecompressedContent(HttpContent original, ContentCoding coding, string codingsBefore, bool isPart = false)
    {
        _original = original;
        _coding = coding;
        _isPart = isPart;
        foreach ((string name, HeaderStringValues values) in original.Headers.NonValidated)
        {
            if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                || name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (values.Count == 1)
            {
                Headers.TryAddWithoutValidation(name, values.ToString());
            }
            else
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        // Said once, it stays unknown, as in .NET: not the length of the buffer, once there is one.
        Headers.ContentLength = null;
        if (codingsBefore.Length != 0)
        {
            Headers.TryAddWithoutValidation("Content-Encoding", codingsBefore);
        }
    }

    public TransportConnectionInfo? ConnectionInfo => (_original as IConnectionInfoSource)?.ConnectionInfo;

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken)
    {
        Consume();
        return new DecompressedStream(_original.ReadAsStream(cancellationToken), _coding, _isPart);
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken)
    {
        Consume();
        Stream original = await _original.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        return new DecompressedStream(original, _coding, _isPart);
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using Stream source = CreateContentReadStream(cancellationToken);
        source.CopyTo(stream);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Stream source = await CreateContentReadStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            await source.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _original.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Consume()
    {
        if (_consumed)
        {
            throw new InvalidOperationException(DecompressionErrorTexts.AlreadyConsumed);
        }

        _consumed = true;
    }
}
