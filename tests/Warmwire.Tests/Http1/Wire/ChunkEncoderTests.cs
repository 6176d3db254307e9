using Warmwire.Buffers;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

public class ChunkEncoderTests
{
    [Theory]
    [InlineData(1, "1\r\n")]
    [InlineData(15, "F\r\n")]
    [InlineData(16, "10\r\n")]
    [InlineData(4096, "1000\r\n")]
    [InlineData(long.MaxValue, "7FFFFFFFFFFFFFFF\r\n")]
    public void The_prefix_is_the_size_in_hexadecimal(long size, string expected)
    {
        OutputBuffer output = new();
        ChunkEncoder.WritePrefix(output, size);
        Assert.Equal(expected, WireBytes.Text(output.Written.Span));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void There_is_no_prefix_for_an_empty_chunk_because_it_would_end_the_body(long size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkEncoder.WritePrefix(new OutputBuffer(), size));

    [Fact]
    public void A_body_is_chunks_and_the_last_chunk()
    {
        OutputBuffer output = new();
        ChunkEncoder.WriteChunk(output, "hello"u8);
        ChunkEncoder.WriteChunk(output, ""u8);
        ChunkEncoder.WriteChunk(output, " w"u8);
        ChunkEncoder.WriteLastChunk(output);
        Assert.Equal("5\r\nhello\r\n2\r\n w\r\n0\r\n\r\n", WireBytes.Text(output.Written.Span));
    }
}
