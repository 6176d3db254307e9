using System.Net;
using System.Text;
using Warmwire.Bodies;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// A stream that takes every write at once, as a socket does whose peer reads as fast as the request is written: the writer never waits,
/// and the answer is read all the same.
/// </summary>
public sealed class TirelessStreamTests
{
    private const long Enough = 1L << 31;

    [Theory]
    [InlineData(8 * 1024, false)]
    [InlineData(48 * 1024, false)]
    [InlineData(8 * 1024 * 1024, false)]
    [InlineData(48 * 1024, true)]
    public async Task An_early_answer_is_read_while_the_body_is_written(int piece, bool hasLength)
    {
        using PooledHttpHandler handler = new() { ConnectCallback = static (_, _) => new ValueTask<Stream>(new TirelessStream()) };
        using var client = new HttpMessageInvoker(handler);
        var content = new TirelessContent(piece, hasLength);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://server/") { Content = content };

        // On a thread of its own: before, it came back when two GiB were written.
        Task<HttpResponseMessage> sending = Task.Run(() => client.SendAsync(request, CancellationToken.None));
        using HttpResponseMessage response = await Guard.Within(sending, () => $"{content.Written} bytes written");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.True(content.Written < Enough, "the upload was stopped");
    }

    private sealed class TirelessContent(int piece, bool hasLength) : HttpContent
    {
        private long _written;

        public long Written => Volatile.Read(ref _written);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] bytes = new byte[piece];
            for (long left = Enough; left > 0; left -= piece)
            {
                await stream.WriteAsync(bytes.AsMemory(0, (int)Math.Min(piece, left)));
                Volatile.Write(ref _written, Enough - left + piece);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = Enough;
            return hasLength;
        }
    }

    /// <summary>Answers as soon as something was written.</summary>
    private sealed class TirelessStream : DuplexStream
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private byte[] _answer = Encoding.ASCII.GetBytes("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");

        protected override bool IsDisposed => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _asked.Task;
            int count = Math.Min(buffer.Length, _answer.Length);
            _answer.AsSpan(0, count).CopyTo(buffer.Span);
            _answer = _answer[count..];
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _asked.TrySetResult();
            return default;
        }

        public override void Flush()
        {
        }
    }
}
