using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http2.Wire;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>Header blocks in pieces (RFC 9113 §4.3), and how long they may get.</summary>
public class FieldBlockTests
{
    [Fact]
    public void Pieces_are_put_together_in_order()
    {
        Gen<byte[][]> pieces =
            Gen.Choose(0, 60).SelectMany(length => Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(length)).ArrayOf().Resize(20);
        Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(pieces), fragments =>
        {
            var block = new FieldBlock(1000);
            for (int round = 0; round < 2; round++)
            {
                // It is used for all blocks of a connection: nothing of the first is in the second.
                block.Begin(3, endStream: true, [7]);
                foreach (byte[] fragment in fragments)
                {
                    block.Continue(fragment);
                }

                Assert.Equal((3, true), (block.StreamId, block.EndStream));
                Assert.Equal([7, .. fragments.SelectMany(fragment => fragment)], block.Bytes.ToArray());
                block.End();
                Assert.Equal(0, block.StreamId);
                Assert.True(block.Bytes.IsEmpty);
            }
        }));
    }

    [Theory]
    [InlineData(1, 2 * Http2Limits.FrameBytes)]
    [InlineData(Http2Limits.FrameBytes, 2 * Http2Limits.FrameBytes)]
    [InlineData(64 * 1024, 128 * 1024)]
    public void A_block_may_be_twice_as_long_as_what_it_decodes_to_and_no_longer(int maxDecoded, int limit)
    {
        var block = new FieldBlock(maxDecoded);
        block.Begin(1, endStream: false, new byte[Http2Limits.FrameBytes]);
        for (int at = Http2Limits.FrameBytes; at < limit; at += Http2Limits.FrameBytes)
        {
            block.Continue(new byte[Math.Min(Http2Limits.FrameBytes, limit - at)]);
        }

        Assert.Equal(limit, block.Bytes.Length);
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, Assert.Throws<Http2ConnectionException>(() => block.Continue(new byte[1])).Code);
    }

    [Fact]
    public void The_largest_setting_does_not_overflow()
    {
        var block = new FieldBlock(int.MaxValue);
        block.Begin(1, endStream: false, new byte[Http2Limits.FrameBytes]);
        block.Continue(new byte[Http2Limits.FrameBytes]);
        Assert.Equal(2 * Http2Limits.FrameBytes, block.Bytes.Length);
        block.End();
    }

    [Fact]
    public void Empty_pieces_are_counted_anew_for_each_block()
    {
        var block = new FieldBlock(1);
        for (int round = 0; round < 3; round++)
        {
            block.Begin(1, endStream: false, []);
            for (int i = 0; i < Http2Limits.ContinuationFrames + 2; i++)
            {
                block.Continue([]);
            }

            block.End();
        }

        block.Begin(1, endStream: false, []);
        Http2ConnectionException error = Assert.Throws<Http2ConnectionException>(() =>
        {
            for (int i = 0; i < Http2Limits.ContinuationFrames + 3; i++)
            {
                block.Continue([]);
            }
        });
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, error.Code);
    }
}
