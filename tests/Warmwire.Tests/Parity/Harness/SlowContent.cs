using System.Net;

namespace Warmwire.Tests.Parity;

/// <summary>A content of any length that is written piece by piece by the test's own code.</summary>
internal sealed class SlowContent(Func<Stream, CancellationToken, Task> write, long? length = null) : HttpContent
{
    public SlowContent(Func<Stream, Task> write)
        : this((stream, _) => write(stream))
    {
    }

    /// <summary>Completes when the content has been written, or has failed.</summary>
    public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsDisposed { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, default);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            await write(stream, cancellationToken);
        }
        finally
        {
            Written.TrySetResult();
        }
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length ?? 0;
        return length is not null;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
