using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http1.Flow;
using Warmwire.Http1.Wire;
using Warmwire.Sockets;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>The short way for a chunked body that came as a whole: it says what the long way says, or leaves everything to it.</summary>
public sealed class WholeChunksTests
{
    private const int Max = Http1Limits.DetachedBodyBytes;
    private const int TrailerLimit = 60;

    private static readonly string[] s_pieces =
    [
        "5\r\nhello\r\n", "5;a=b\r\nhello\r\n", "05 \r\nhello\r\n", "5\r\n0\r\n\r\n\r\n", "a\r\n0\r\n\r\n0\r\n\r\n\r\n", "3\r\n0\r\n\r\n",
        "0\r\n", "00;x\r\n", "\r\n", "0\r\n\r\n", "x: y\r\n", "Content-Length: 4\r\n", ": y\r\n", "x : y\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "5\r\nhello", "5\nhello\r\n", "g\r\n", "\r", "\n", "0", "5\r\nhell\r\n",
        "ffffffffffffffff\r\n", "10000000000000000\r\n",
    ];

    [Fact]
    public void It_agrees_with_the_long_way_whatever_has_arrived() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(
            Gen.OneOf(Valid, Gen.Elements(s_pieces).ArrayOf().Select(string.Concat)).ToArbitrary(),
            ArbMap.Default.ArbFor<int[]>(),
            ArbMap.Default.ArbFor<PositiveInt>(),
            (body, anywhere, maxData) => Agrees(body, anywhere, maxData.Get)));

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("5;a=b\r\nhello\r\n00;c\r\n\r\n", null)] // does not look like it at first sight, and need not
    [InlineData("5;a=b\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n")]
    [InlineData("5\r\n0\r\n\r\n", null)]
    [InlineData("f\r\n0\r\n\r\n0\r\n\r\n0\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\nx: y\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\n\r\n0\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\nx: 0\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", null)]
    [InlineData("5\r\nhelloX\r\n0\r\n\r\n", null)]
    [InlineData("5\r\nhello\r\n0\r\n", null)]
    public void What_it_takes(string body, string? data)
    {
        Http1Reader reader = Reader(body);
        byte[]? taken = reader.TakeWholeChunks(Max);
        Assert.Equal(data, taken is null ? null : WireBytes.Text(taken));
        Assert.Equal(data is null ? body.Length : 0, reader.Buffered);
        Assert.Equal(data is not null, reader.BodyEnded);
    }

    [Theory]
    [InlineData(Max, true)]
    [InlineData(Max + 1, false)]
    public void It_takes_no_more_than_its_limit(int length, bool takes)
    {
        string head = $"{length - 12:x}\r\n";
        string body = head + new string('x', length - 12) + "\r\n0\r\n\r\n";
        Assert.Equal(length, body.Length);
        Assert.Equal(takes, Reader(body).TakeWholeChunks(Max) is not null);
    }

    [Fact]
    public void It_is_not_for_other_framings_and_not_for_a_body_that_was_begun()
    {
        Http1Reader reader = Reader("5\r\nhello\r\n0\r\n\r\n", new FramingResult { Kind = BodyKind.Length, Length = 15, KeepAlive = true });
        Assert.Null(reader.TakeWholeChunks(Max));
        reader = Reader("5\r\nhello\r\n0\r\n\r\n", new FramingResult { Kind = BodyKind.UntilClose });
        Assert.Null(reader.TakeWholeChunks(Max));
    }

    /// <summary>From the wire to the caller, cut in two at each place.</summary>
    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello", "")]
    [InlineData("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", "hello world", "")]
    [InlineData("a\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n0\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\nx: y\r\n\r\n", "hello", "y")]
    public async Task However_a_response_is_cut_the_caller_gets_the_same(string body, string data, string trailer)
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        string answer = Rig.Chunked(body);
        for (int cut = 1; cut <= answer.Length; cut++)
        {
            Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
            await peer.ReadRequestAsync();
            await peer.SendAsync(answer[..cut]);
            if (cut < answer.Length)
            {
                await Eventually.IsTrue(() => peer.End.UnreadByClient == 0 || sending.IsCompleted, "the first part is read");
                await peer.SendAsync(answer[cut..]);
            }

            using HttpResponseMessage response = await sending;
            Assert.Null(response.Content.Headers.ContentLength);
            Assert.Equal(data, await response.Content.ReadAsStringAsync());
            Assert.Equal(trailer, string.Concat(response.TrailingHeaders.SelectMany(static header => header.Value)));
        }

        Assert.Equal((1, 1), (rig.Network.DialCount, rig.Origin.Idle));
    }

    private static Gen<string> Valid =>
        from chunks in Gen.Elements("h", "hello", "0\r\n\r\n", "\r\n0\r\n\r\n", "\0", "5\r\nhello\r\n0\r\n\r\n", new string('x', 700))
            .ArrayOf()
        from extensions in Gen.Elements("", "", ";x", " ;a=\"b\"", " ").ArrayOf(chunks.Length + 1)
        from last in Gen.Elements("0", "0", "0", "000")
        from trailers in Gen.Elements("", "", "", "", "x: y\r\n", "x: y\r\nz: 0\r\n", "bad\r\n")
        from behind in Gen.Elements("", "", "", "", "0\r\n\r\n", "x", "\r\n")
        select string.Concat(chunks.Select((chunk, i) => $"{chunk.Length:x}{extensions[i]}\r\n{chunk}\r\n")) + last + extensions[^1]
            + "\r\n" + trailers + "\r\n" + behind;

    /// <summary>Some of the body is here when the head is read, the rest comes in pieces.</summary>
    private static bool Agrees(string body, int[] anywhere, int maxData)
    {
        byte[] bytes = WireBytes.Of(body);
        int[] cuts = WireBytes.Cuts(anywhere, bytes.Length);
        string shortWay = Outcome(bytes, cuts, maxData, shortWay: true, out bool took);
        Assert.Equal(Outcome(bytes, cuts, maxData, shortWay: false, out _), shortWay);

        // Where what had arrived first is a whole body and nothing else, it takes it; nowhere else.
        byte[] arrived = bytes[..cuts.FirstOrDefault(static cut => cut > 0)];
        Outcome(arrived, [arrived.Length], maxData, shortWay: false, out bool whole);
        Assert.Equal(whole && arrived.Length <= Max && arrived.AsSpan().EndsWith("0\r\n\r\n"u8), took);
        return true;
    }

    /// <param name="took">The short way took it; on the long way, whether all was used up, and there were no trailers.</param>
    private static string Outcome(byte[] body, int[] cuts, int maxData, bool shortWay, out bool took)
    {
        took = false;
        var source = new CutStream(body, cuts);
        var reader = new Http1Reader(source, zeroByteReads: true);
        Fill(reader);
        reader.BeginBody(Chunked, TrailerLimit);
        var data = new StringBuilder();
        try
        {
            if (shortWay && reader.TakeWholeChunks(Max) is { } whole)
            {
                took = true;
                data.Append(WireBytes.Text(whole));
            }

            while (!reader.BodyEnded)
            {
                ReadOnlyMemory<byte> next = reader.NextBody(maxData);
                data.Append(WireBytes.Text(next.Span));
                if (next.IsEmpty && !reader.BodyEnded && !Fill(reader))
                {
                    return $"cut short behind {data}";
                }
            }
        }
        catch (WireFormatException refused)
        {
            return $"refused behind {data}: {refused.Message}";
        }

        if (!shortWay)
        {
            took = reader.Buffered == 0 && source.IsAtEnd && reader.TrailerBlock is null;
        }

        return $"{data}, trailers {(reader.TrailerBlock is { } block ? WireBytes.Text(block) : "none")}, {reader.Buffered} left over";
    }

    private static FramingResult Chunked => new() { Kind = BodyKind.Chunked, KeepAlive = true };

    private static Http1Reader Reader(string body, FramingResult? framing = null)
    {
        byte[] bytes = WireBytes.Of(body);
        var reader = new Http1Reader(new CutStream(bytes, [bytes.Length]), zeroByteReads: true);
        Fill(reader);
        reader.BeginBody(framing ?? Chunked, TrailerLimit);
        return reader;
    }

    private static bool Fill(Http1Reader reader)
    {
        int read = reader.BeginFill(16 * 1024).AsTask().GetAwaiter().GetResult(); // never waits
        reader.EndFill(read);
        return read > 0;
    }

    /// <summary>Gives up to the next cut with each read.</summary>
    private sealed class CutStream(byte[] bytes, int[] cuts) : Stream
    {
        private int _position;
        private int _next;

        public bool IsAtEnd => _position == bytes.Length;

        public override bool CanRead => true;

        public override bool CanWrite => false;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (_next < cuts.Length && cuts[_next] == _position)
            {
                _next++;
            }

            int end = _next < cuts.Length ? cuts[_next] : bytes.Length;
            int count = Math.Min(buffer.Length, end - _position);
            bytes.AsMemory(_position, count).CopyTo(buffer);
            _position += count;
            return new ValueTask<int>(count);
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
