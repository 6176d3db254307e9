using System.Buffers.Binary;
using System.Threading.Tasks.Sources;
using Warmwire.Buffers;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Soak;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>What requests over a warm connection cost in memory, and what an idle connection keeps.</summary>
[Collection(nameof(Alone))]
public sealed class Http2AllocationTests(ITestOutputHelper output)
{
    private const int Requests = 1000;

    /// <summary>In a process of its own: what is measured is all that is allocated, on whatever thread.</summary>
    [Fact]
    public Task A_request_and_its_small_answer_allocate_little() => OwnProcess.RunAsync(typeof(Http2AllocationTests), MeasureAsync, output);

    /// <summary>In a process of its own: what is measured is the pool of buffers, which all share.</summary>
    [Fact]
    public Task An_idle_connection_holds_no_buffer() => OwnProcess.RunAsync(typeof(Http2AllocationTests), IdleAsync, output);

    private async Task MeasureAsync()
    {
        using var handler = new PooledHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = static (_, _) => ValueTask.FromResult<Stream>(new EchoStream()),
        };
        using var client = new HttpMessageInvoker(handler);
        byte[] buffer = new byte[100];
        double least = double.MaxValue;
        for (int round = 0; round < 6; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Requests; i++)
            {
                using HttpRequestMessage request = Http2Rig.Get();
                using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None).ConfigureAwait(false);
                Stream body = response.Content.ReadAsStream();
                Assert.Equal(EchoStream.BodyBytes, body.Read(buffer));
            }

            least = Math.Min(least, (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / Requests);
        }

        output.WriteLine($"{least:0} bytes for each request");
        Assert.Equal(1, handler.GetSnapshot().Origins.Single().Open);
        Assert.InRange(least, 0, 2560);
    }

    private async Task IdleAsync()
    {
        const int Connections = 50;

        // A thread that has written a request keeps a small buffer for the next.
        const int OfThreads = 16 * 1024;

        // Enough of each size, so that whatever is rented comes from the pool and is missing there.
        List<byte[]> arrays =
        [
            .. Enumerable.Range(4, 14)
                .SelectMany(shift => Enumerable.Range(0, 2 * Connections).Select(_ => BufferPool.Shared.Rent(1 << shift)))
        ];
        arrays.ForEach(BufferPool.Shared.Return);
        arrays = [];
        var idle = new List<Http2Direct>();

        // A full collection shrinks the pool, which would look like buffers that are held: by a finalizer, so later than the collection.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        int collections = GC.CollectionCount(2);
        long before = BufferPool.Shared.RetainedBytes;
        for (int i = 0; i < Connections; i++)
        {
            Http2Direct direct = await Http2Direct.StartAsync();
            (OpenRequest open, _, _) = await direct.OpenAsync(Http2Rig.Post(new string('x', 3000)));
            await direct.Peer.ReadBodyAsync(open.StreamId);
            await open.AnswerAsync(new string('y', 3000));
            idle.Add(direct);
        }

        await Eventually.IsTrue(
            () => GC.CollectionCount(2) != collections || BufferPool.Shared.RetainedBytes >= before - OfThreads,
            $"all buffers are back of {before}, not only {BufferPool.Shared.RetainedBytes}");
        Assert.Equal(collections, GC.CollectionCount(2));
        Assert.All(idle, static direct => Assert.False(direct.Peer.ClientClosed.IsCompleted));
    }

    /// <summary>A server that answers each request at once, within the client's write, and allocates nothing.</summary>
    private sealed class EchoStream : Stream, IValueTaskSource<int>
    {
        public const int BodyBytes = 14;

        private readonly Lock _gate = new();
        private readonly byte[] _answers = new byte[64 * 1024];
        private ManualResetValueTaskSourceCore<int> _read;
        private Memory<byte> _wanted;
        private bool _isReading;
        private int _start;
        private int _end;
        private bool _greeted;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_gate)
            {
                if (_end > _start)
                {
                    return new ValueTask<int>(Take(buffer));
                }

                _read.Reset();
                _wanted = buffer;
                _isReading = true;
                return new ValueTask<int>(this, _read.Version);
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ReadOnlySpan<byte> frames = buffer.Span;
            int count = -1;
            lock (_gate)
            {
                if (!_greeted)
                {
                    _greeted = true;
                    frames = frames[24..]; // the preface
                    Answer([0, 0, 0, 4, 0, 0, 0, 0, 0]);
                }

                for (; !frames.IsEmpty; frames = frames[(9 + ((frames[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(frames[1..])))..])
                {
                    if (frames[3] == 4 && frames[4] == 0)
                    {
                        Answer([0, 0, 0, 4, 1, 0, 0, 0, 0]);
                    }
                    else if (frames[3] == 1)
                    {
                        ReadOnlySpan<byte> id = frames.Slice(5, 4);
                        Answer([0, 0, 1, 1, 4, .. id, 0x88]); // :status 200
                        Answer([0, 0, BodyBytes, 0, 1, .. id]);
                        Answer("fourteen bytes"u8);
                    }
                }

                if (_isReading && _end > _start)
                {
                    _isReading = false;
                    count = Take(_wanted);
                }
            }

            if (count >= 0)
            {
                _read.SetResult(count);
            }

            return default;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

        void IValueTaskSource<int>.OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _read.OnCompleted(continuation, state, token, flags);

        private void Answer(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_answers.AsSpan(_end));
            _end += bytes.Length;
        }

        private int Take(Memory<byte> buffer)
        {
            int count = Math.Min(_end - _start, buffer.Length);
            _answers.AsSpan(_start, count).CopyTo(buffer.Span);
            _start += count;
            if (_start == _end)
            {
                _start = _end = 0;
            }

            return count;
        }
    }
}
