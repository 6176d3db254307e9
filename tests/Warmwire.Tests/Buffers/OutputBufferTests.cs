using FsCheck;
using FsCheck.Fluent;
using Warmwire.Buffers;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Buffers;

public class OutputBufferTests
{
    [Fact]
    public void It_holds_what_was_written_in_order() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[][]>(), pieces =>
        {
            OutputBuffer output = new();
            foreach (byte[] piece in pieces)
            {
                for (int i = 0; i < 100; i++)
                {
                    output.Write(piece);
                }
            }

            byte[] expected = [.. pieces.SelectMany(piece => Enumerable.Repeat(piece, 100).SelectMany(bytes => bytes))];
            Assert.Equal(expected.Length, output.Count);
            Assert.True(output.Written.Span.SequenceEqual(expected));
            output.Release();
        }));

    [Fact]
    public void It_can_be_used_again_after_it_was_released()
    {
        OutputBuffer output = new();
        output.WriteAscii("first");
        output.Release();
        output.Release();
        Assert.Equal(0, output.Count);
        Assert.True(output.Written.IsEmpty);
        output.WriteAscii("second");
        Assert.Equal("second", WireBytes.Text(output.Written.Span));
    }

    [Fact]
    public void It_can_be_cut_back_but_not_forward()
    {
        OutputBuffer output = new();
        output.WriteAscii("hello");
        Assert.Throws<ArgumentOutOfRangeException>(() => output.Truncate(6));
        output.Truncate(2);
        Assert.Equal("he", WireBytes.Text(output.Written.Span));
    }

    [Fact]
    public void Nobody_can_claim_more_than_there_is_room_for()
    {
        OutputBuffer output = new();
        int room = output.GetSpan(10).Length;
        Assert.InRange(room, 10, int.MaxValue);
        Assert.Throws<ArgumentOutOfRangeException>(() => output.Advance(room + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => output.Advance(-1));
    }

    [Fact]
    public void Text_that_is_not_ASCII_is_refused() => Assert.Throws<ArgumentException>(() => new OutputBuffer().WriteAscii("\u00E4"));
}
