using FsCheck;
using FsCheck.Fluent;
using Warmwire.Buffers;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>RFC 9112 §7.1.</summary>
public class ChunkDecoderTests
{
    [Theory]
    [InlineData("5 \t \r\nhello\r\n0 \r\n", "hello")]
    [InlineData("0\r\n", "")]
    [InlineData("000\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n", "hello")]
    [InlineData("5\r\nhello\r\n6\r\n world\r\n0\r\n", "hello world")]
    [InlineData("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n", "01234567890123456789")]
    [InlineData("0000000000000005\r\nhello\r\n0\r\n", "hello")]
    [InlineData("00000000000000005\r\nhello\r\n0\r\n", "hello")]
    [InlineData("00000000000000000000a\r\n0123456789\r\n0000000000000000000000\r\n", "0123456789")]
    [InlineData("0000000000000000000000000010\r\n0123456789abcdef\r\n0\r\n", "0123456789abcdef")]
    [InlineData("5;\r\nhello\r\n0;x\r\n", "hello")]
    [InlineData("5;name=value;other=\"quo ted\"\r\nhello\r\n0\r\n", "hello")]
    [InlineData("5 \t;x\r\nhello\r\n0 ;y\r\n", "hello")]
    [InlineData("2\r\n\r\n\r\n0\r\n", "\r\n")]
    public void A_proper_body_is_decoded(string body, string expected)
    {
        Assert.Equal(expected, DecodeInOnePiece(body + "after", out int consumed));
        Assert.Equal(body.Length, consumed);
    }

    [Theory]
    [InlineData("0\r\n", "")]
    [InlineData("5;name=value\r\nhello\r\n6\r\n world\r\n0;x\r\n", "hello world")]
    [InlineData("5 \t;x\r\nhello\r\n00;y\r\n", "hello")]
    public void Every_cut_in_two_gives_the_same(string body, string expected)
    {
        for (int cut = 0; cut <= body.Length; cut++)
        {
            Assert.Equal(expected, DecodeInPieces(WireBytes.Of(body), [cut, body.Length], int.MaxValue));
        }
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData(";x\r\n")]
    [InlineData(" 5\r\nhello\r\n")]
    [InlineData("g\r\n")]
    [InlineData("5g\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("-5\r\n")]
    [InlineData("+5\r\n")]
    [InlineData("5 5\r\nhello\r\n")]
    [InlineData("5,\r\nhello\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5 \nhello\r\n")]
    [InlineData("5;x\nhello\r\n")]
    [InlineData("5;x\0y\r\nhello\r\n")]
    [InlineData("5;x\u007Fy\r\nhello\r\n")]
    [InlineData("5;x\ry\r\nhello\r\n")]
    [InlineData("5\rhello\r\n")]
    [InlineData("5\r\rhello\r\n")]
    [InlineData("5\r\nhelloX")]
    [InlineData("5\r\nhello\n")]
    [InlineData("5\r\nhello\rX")]
    [InlineData("5\r\nhello0\r\n")]
    [InlineData("5\r\nhello\r\n\r\n")]
    [InlineData("00008000000000000000\r\n")]
    [InlineData("8000000000000000\r\n")]
    [InlineData("FFFFFFFFFFFFFFFF\r\n")]
    [InlineData("10000000000000000\r\n")]
    public void A_malformed_body_is_refused_in_one_piece_and_byte_by_byte(string body)
    {
        Assert.Throws<WireFormatException>(() => DecodeInOnePiece(body, out _));
        Assert.Throws<WireFormatException>(() => DecodeInPieces(WireBytes.Of(body), [.. Enumerable.Range(1, body.Length)], int.MaxValue));
    }

    [Fact]
    public void The_largest_size_is_accepted()
    {
        ChunkDecoder decoder = default;
        Assert.Equal(ChunkStatus.Data, decoder.Decode("7fffffffffffffff\r\nabc"u8, 2, out int consumed, out int start, out int length));
        Assert.Equal((20, 18, 2), (consumed, start, length));
        Assert.Equal(long.MaxValue - 2, decoder.RemainingInChunk);
    }

    [Fact]
    public void The_caller_may_take_data_past_the_decoder()
    {
        ChunkDecoder decoder = default;
        Assert.Equal(ChunkStatus.NeedMore, decoder.Decode("a\r\n"u8, 100, out int consumed, out _, out int length));
        Assert.Equal((3, 0), (consumed, length));
        Assert.Equal(10, decoder.RemainingInChunk);
        decoder.AdvanceData(4);
        Assert.Equal(6, decoder.RemainingInChunk);
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.AdvanceData(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.AdvanceData(-1));
        decoder.AdvanceData(6);
        Assert.Equal(0, decoder.RemainingInChunk);
        Assert.Equal(ChunkStatus.EndOfChunks, decoder.Decode("\r\n0\r\n\r\n"u8, 100, out consumed, out _, out _));
        Assert.Equal(5, consumed);
    }

    [Fact]
    public void Without_room_for_data_it_tells_that_there_is_some_and_keeps_it()
    {
        ChunkDecoder decoder = default;
        Assert.Equal(ChunkStatus.Data, decoder.Decode("5\r\nhello"u8, 0, out int consumed, out _, out int length));
        Assert.Equal((3, 0), (consumed, length));
        Assert.Equal(5, decoder.RemainingInChunk);
    }

    [Fact]
    public void After_the_end_it_consumes_nothing()
    {
        ChunkDecoder decoder = default;
        Assert.Equal(ChunkStatus.EndOfChunks, decoder.Decode("0\r\n\r\n"u8, 1, out int consumed, out _, out _));
        Assert.Equal(3, consumed);
        Assert.Equal(ChunkStatus.EndOfChunks, decoder.Decode("\r\n"u8, 1, out consumed, out _, out _));
        Assert.Equal(0, consumed);
    }

    [Fact]
    public void One_long_extension_is_refused()
    {
        Assert.Equal("a", DecodeInOnePiece($"1{new string(';', ChunkDecoder.MaxExtensionBytes)}\r\na\r\n0\r\n", out _));
        Assert.Throws<WireFormatException>(
            () => DecodeInOnePiece($"1{new string(';', ChunkDecoder.MaxExtensionBytes + 1)}\r\na\r\n0\r\n", out _));
        Assert.Throws<WireFormatException>(() => DecodeInOnePiece($"1{new string(' ', ChunkDecoder.MaxExtensionBytes + 1)}", out _));
    }

    [Fact]
    public void Endless_zeros_in_front_of_a_size_are_refused()
    {
        string zeros = new('0', ChunkDecoder.MaxSizeDigits + ChunkDecoder.MaxExtensionBytes - 1);
        Assert.Equal("a", DecodeInOnePiece($"{zeros}1\r\na\r\n0\r\n", out _));
        Assert.Throws<WireFormatException>(() => DecodeInOnePiece($"{zeros}01\r\na\r\n0\r\n", out _));
    }

    [Fact]
    public void Many_short_extensions_are_refused_together()
    {
        string chunk = $"1;{new string('x', 1023)}\r\na\r\n";
        Assert.Equal(new string('a', 16), DecodeInOnePiece(string.Concat(Enumerable.Repeat(chunk, 16)) + "0\r\n", out _));
        Assert.Throws<WireFormatException>(() => DecodeInOnePiece(string.Concat(Enumerable.Repeat(chunk, 16)) + "0;\r\n", out _));
    }

    [Fact]
    public void What_was_encoded_is_decoded_however_it_is_cut_and_however_little_is_taken_at_once() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            ArbMap.Default.ArbFor<byte[][]>(),
            ArbMap.Default.ArbFor<int[]>(),
            ArbMap.Default.ArbFor<PositiveInt>(),
            (chunks, anywhere, maxData) =>
            {
                OutputBuffer output = new();
                foreach (byte[] chunk in chunks)
                {
                    ChunkEncoder.WriteChunk(output, chunk);
                }

                ChunkEncoder.WriteLastChunk(output);
                byte[] encoded = output.Written[..^2].ToArray(); // without the empty trailer block
                output.Release();
                Assert.Equal(
                    WireBytes.Text(chunks.SelectMany(chunk => chunk).ToArray()),
                    DecodeInPieces(encoded, WireBytes.Cuts(anywhere, encoded.Length), maxData.Get));
            }));

    [Fact]
    public void Random_text_in_any_pieces_gives_the_result_of_one_piece() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            WireBytes.Nasty("0", "1", "5", "a", "\r\n", "\r", "\n", ";", "x", " ", "\0", "5\r\nhello\r\n", "0\r\n"),
            ArbMap.Default.ArbFor<int[]>(),
            (text, anywhere) =>
            {
                byte[] bytes = WireBytes.Of(text);
                Assert.Equal(Outcome(bytes, [bytes.Length]), Outcome(bytes, WireBytes.Cuts(anywhere, bytes.Length)));
            }));

    private static string Outcome(byte[] body, int[] cuts)
    {
        try
        {
            return "decoded: " + DecodeInPieces(body, cuts, int.MaxValue);
        }
        catch (WireFormatException refused)
        {
            return "refused: " + refused.Message;
        }
    }

    private static string DecodeInOnePiece(string body, out int consumed)
    {
        byte[] bytes = WireBytes.Of(body);
        return DecodeInPieces(bytes, [bytes.Length], int.MaxValue, out consumed);
    }

    private static string DecodeInPieces(byte[] body, int[] cuts, int maxData) => DecodeInPieces(body, cuts, maxData, out _);

    /// <param name="cuts">How much of the body has arrived, step by step.</param>
    private static string DecodeInPieces(byte[] body, int[] cuts, int maxData, out int consumed)
    {
        ChunkDecoder decoder = default;
        List<byte> data = [];
        consumed = 0;
        foreach (int available in cuts)
        {
            ChunkStatus status;
            do
            {
                int before = consumed;
                ReadOnlySpan<byte> input = body.AsSpan(consumed, available - consumed);
                status = decoder.Decode(input, maxData, out int used, out int start, out int length);
                data.AddRange(input.Slice(start, length));
                consumed += used;
                Assert.True(status != ChunkStatus.Data || (consumed > before && length > 0), "no progress");
                Assert.True(status != ChunkStatus.NeedMore || consumed == available, "input left behind");
            }
            while (status == ChunkStatus.Data);

            if (status == ChunkStatus.EndOfChunks)
            {
                break;
            }
        }

        return WireBytes.Text(data.ToArray());
    }
}
