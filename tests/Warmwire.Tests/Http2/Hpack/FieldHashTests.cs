using Warmwire.Http2.Hpack;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

public class FieldHashTests
{
    [Fact]
    public void Every_byte_of_a_text_counts_for_the_low_bits()
    {
        // The buckets of a table are chosen by the low bits.
        foreach (int length in (int[])[1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 40])
        {
            byte[] text = new byte[length];
            for (int at = 0; at < length; at++)
            {
                HashSet<uint> whole = [];
                HashSet<uint> low = [];
                for (int b = 0; b < 256; b++)
                {
                    text[at] = (byte)b;
                    uint hash = FieldHash.With(FieldHash.Of("x-request-id"u8), text);
                    whole.Add(hash);
                    low.Add(hash % 64);
                }

                text[at] = 0;
                Assert.InRange(whole.Count, 255, 256);
                Assert.InRange(low.Count, 40, 64); // 63 would be by chance, 1 is what must not be
            }
        }
    }

    [Fact]
    public void The_name_and_the_length_count_as_well()
    {
        Assert.NotEqual(FieldHash.With(FieldHash.Of("a"u8), "1"u8), FieldHash.With(FieldHash.Of("b"u8), "1"u8));
        Assert.NotEqual(FieldHash.With(FieldHash.Of("a"u8), ""u8), FieldHash.With(FieldHash.Of("a"u8), "\0"u8));
        Assert.NotEqual(FieldHash.With(FieldHash.Of("a"u8), "\0\0\0"u8), FieldHash.With(FieldHash.Of("a"u8), "\0\0"u8));
    }
}
