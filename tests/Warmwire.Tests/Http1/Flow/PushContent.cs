using System.Net;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>A content that does what the test says.</summary>
internal sealed class PushContent(Func<Stream, Task> write, long? length = null) : HttpContent
{
    /// <summary>The token the content was given.</summary>
    public CancellationToken Token { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Token = cancellationToken;
        return write(stream);
    }

    protected override bool TryComputeLength(out long value)
    {
        value = length ?? 0;
        return length is not null;
    }
}
