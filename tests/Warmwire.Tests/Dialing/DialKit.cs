using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Dialing;

/// <summary>A connect operation a test answers by hand, address by address.</summary>
internal sealed class ScriptedConnects
{
    private readonly Channel<Attempt> _started = Channel.CreateUnbounded<Attempt>();
    private int _count;

    public int Started => Volatile.Read(ref _count);

    /// <summary>What attempts do with their token; a real connect is cancelled by it.</summary>
    public bool IgnoreTokens { get; init; }

    public Task<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var attempt = new Attempt(endPoint, cancellationToken);
        if (!IgnoreTokens)
        {
            cancellationToken.Register(() => attempt.Outcome.TrySetCanceled(cancellationToken));
        }

        Interlocked.Increment(ref _count);
        _started.Writer.TryWrite(attempt);
        return attempt.Outcome.Task;
    }

    public async Task<Attempt> NextAsync() => await _started.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    internal sealed record Attempt(IPEndPoint EndPoint, CancellationToken Token)
    {
        public TaskCompletionSource<Stream> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public WitnessStream Succeed()
        {
            var stream = new WitnessStream();
            Outcome.SetResult(stream);
            return stream;
        }
    }
}

internal static class Patience
{
    /// <summary>How long a test waits for what must happen at once.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static async Task<TransportException> FailureOf(Task<DialedStream> dial) =>
        await Assert.ThrowsAsync<TransportException>(() => dial.WaitAsync(Limit));
}

/// <summary>A stream that tells when it is disposed and never delivers anything.</summary>
internal sealed class WitnessStream : Stream
{
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Disposed => _disposed.Task.WaitAsync(Patience.Limit);

    public bool IsDisposed => _disposed.Task.IsCompleted;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Deaf to its token, as a careless stream is.
        await _disposed.Task;
        throw new ObjectDisposedException(nameof(WitnessStream));
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.CompletedTask;

    public override void Write(byte[] buffer, int offset, int count)
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _disposed.TrySetResult();
        base.Dispose(disposing);
    }
}

internal static class Dials
{
    public static DialRequest To(
        string host, int port = 80, bool tls = false, RequestTrace? trace = null, HttpRequestMessage? request = null) =>
        new()
        {
            Route = new Route(tls, host, port),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            TlsHandshakeTimeout = TimeSpan.FromSeconds(5),
            Trace = trace,
            InitialRequest = request,
        };

    public static HandlerSettings Settings(ManualClock? clock = null, params string[] addresses) => new()
    {
        TimeProvider = clock ?? TimeProvider.System,
        ResolveNames = (_, _) => Task.FromResult(Array.ConvertAll(addresses, IPAddress.Parse)),
    };

    /// <summary>Records the callbacks of a dial as lines.</summary>
    public static RequestTrace Trace(ConcurrentQueue<string> lines) => new()
    {
        DnsStart = host => lines.Enqueue($"dns {host}"),
        DnsDone = (addresses, error) => lines.Enqueue($"dns done {string.Join(' ', addresses)}{error?.GetType().Name}"),
        ConnectStart = endPoint => lines.Enqueue($"connect {endPoint}"),
        ConnectDone = (endPoint, error) => lines.Enqueue($"connect done {endPoint} {error?.GetType().Name}".TrimEnd()),
        TlsHandshakeStart = () => lines.Enqueue("tls"),
        TlsHandshakeDone = (stream, error) => lines.Enqueue($"tls done {stream?.IsAuthenticated}{error?.GetType().Name}"),
    };
}
