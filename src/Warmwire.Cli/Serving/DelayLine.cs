using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using System.Threading.Channels;
using Warmwire.Cli.Quick.Reports;

namespace Warmwire.Cli.Serving;

/// <summary>
/// One direction of a relayed connection. Every chunk leaves a fixed time after it arrived, in order, and chunks wait side by side: the
/// line delays, it does not slow down. The end of the stream and a reset travel through it like data.
/// </summary>
internal sealed class DelayLine
{
    private const int ChunkSize = 32 * 1024;
    private const int MaxChunks = 512;

    private readonly Channel<Chunk> _chunks = Channel.CreateBounded<Chunk>(
        new BoundedChannelOptions(MaxChunks) { SingleReader = true, SingleWriter = true });
    private readonly Socket _source;
    private readonly Socket _destination;
    private readonly DelayClock _clock;
    private readonly long _delay;
    private readonly long _notBefore;

    /// <param name="source">Read from.</param>
    /// <param name="destination">Written to.</param>
    /// <param name="clock">Wakes the line when a chunk is due.</param>
    /// <param name="delay">From a chunk's arrival to its leaving.</param>
    /// <param name="notBefore">The timestamp before which nothing leaves.</param>
    public DelayLine(Socket source, Socket destination, DelayClock clock, TimeSpan delay, long notBefore)
    {
        _source = source;
        _destination = destination;
        _clock = clock;
        _delay = Ticks(delay);
        _notBefore = notBefore;
    }

    /// <summary>A duration in units of <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public static long Ticks(TimeSpan duration) => (long)(duration.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Relays until the source has ended and all of it has been delivered.</summary>
    /// <param name="destinationReady">Nothing is written before it completes.</param>
    /// <param name="cancellationToken">Drops what is in the line.</param>
    /// <exception cref="SocketException">The source was reset, or the destination does not take any more.</exception>
    public async Task RunAsync(Task destinationReady, CancellationToken cancellationToken)
    {
        // The first failure ends it: filling may wait for a source that has nothing more to say.
        await foreach (Task half in Task.WhenEach(FillAsync(cancellationToken), DrainAsync(destinationReady, cancellationToken)))
        {
            await half;
        }
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        Chunk chunk;
        do
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
            try
            {
                int length = await _source.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                chunk = new Chunk(buffer, length, DueNow(), null);
            }
            catch (SocketException e)
            {
                chunk = new Chunk(buffer, 0, DueNow(), e);
            }

            await _chunks.Writer.WriteAsync(chunk, cancellationToken);
        }
        while (chunk.Length > 0);
    }

    private async Task DrainAsync(Task destinationReady, CancellationToken cancellationToken)
    {
        await destinationReady;
        Chunk chunk;
        do
        {
            chunk = await _chunks.Reader.ReadAsync(cancellationToken);
            await _clock.UntilAsync(chunk.Due, cancellationToken);
            if (chunk.Reset is { } reset)
            {
                throw reset;
            }

            for (int sent = 0; sent < chunk.Length;)
            {
                sent += await _destination.SendAsync(chunk.Buffer.AsMemory(sent, chunk.Length - sent), SocketFlags.None, cancellationToken);
            }

            ArrayPool<byte>.Shared.Return(chunk.Buffer);
        }
        while (chunk.Length > 0);

        _destination.Shutdown(SocketShutdown.Send);
    }

    private long DueNow() => Math.Max(Stopwatch.GetTimestamp() + _delay, _notBefore);

    /// <summary>Bytes, the end of the stream (no bytes), or its reset, and when they leave.</summary>
    private readonly record struct Chunk(byte[] Buffer, int Length, long Due, SocketException? Reset);
}
