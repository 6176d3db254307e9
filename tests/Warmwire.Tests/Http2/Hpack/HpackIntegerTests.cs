using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http2.Hpack;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>RFC 7541 §5.1.</summary>
public class HpackIntegerTests
{
    [Theory]
    [InlineData(10, 5, "0a")] // C.1.1
    [InlineData(1337, 5, "1f9a0a")] // C.1.2
    [InlineData(42, 8, "2a")] // C.1.3
    [InlineData(0, 5, "00")]
    [InlineData(30, 5, "1e")]
    [InlineData(31, 5, "1f00")]
    [InlineData(158, 5, "1f7f")]
    [InlineData(159, 5, "1f8001")]
    [InlineData(127, 7, "7f00")]
    [InlineData(HpackInteger.MaxValue, 7, "7f80ffff7f")]
    public void An_integer_is_written_and_read(int value, int prefixBits, string hex)
    {
        byte[] written = new byte[HpackInteger.MaxBytes];
        int length = HpackInteger.Write(written, 0, prefixBits, value);
        Assert.Equal(hex, Convert.ToHexStringLower(written.AsSpan(0, length)));

        int at = 0;
        Assert.Equal(value, HpackInteger.Read(written.AsSpan(0, length), ref at, prefixBits));
        Assert.Equal(length, at);
    }

    [Fact]
    public void The_bits_above_the_prefix_are_not_part_of_it()
    {
        byte[] written = new byte[HpackInteger.MaxBytes];
        Assert.Equal(3, HpackInteger.Write(written, 0xE0, 5, 1337));
        Assert.Equal("ff9a0a", Convert.ToHexStringLower(written.AsSpan(0, 3)));

        int at = 0;
        Assert.Equal(1337, HpackInteger.Read(written, ref at, 5));
    }

    [Fact]
    public void Every_integer_comes_back() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            Gen.Choose(0, HpackInteger.MaxValue).ToArbitrary(),
            Gen.Choose(1, 8).ToArbitrary(),
            Gen.Choose(0, 28).ToArbitrary(),
            (value, prefixBits, shift) =>
            {
                value >>= shift; // small ones as often as large ones
                byte[] written = new byte[HpackInteger.MaxBytes];
                int length = HpackInteger.Write(written, 0, prefixBits, value);
                int at = 0;
                return HpackInteger.Read(written.AsSpan(0, length), ref at, prefixBits) == value && at == length;
            }));

    [Theory]
    [InlineData("7f8000", 127)]
    [InlineData("7f8080808000", 127)] // padded, but within what is accepted
    [InlineData("7f8180808000", 128)]
    public void A_few_zeros_more_than_needed_are_accepted(string hex, int value)
    {
        int at = 0;
        Assert.Equal(value, HpackInteger.Read(Blocks.Hex(hex), ref at, 7));
    }

    [Theory]
    [InlineData("7f81ffff7f")] // one more than the largest
    [InlineData("7fffffffff07")] // 2^31 + 126
    [InlineData("7fffffffff0f")]
    [InlineData("7fffffffff7f")]
    [InlineData("7fffffffffff00")]
    [InlineData("7fffffffffffffffff7f")]
    [InlineData("7f808080808000")] // zeros without end
    [InlineData("7f80808080808080808080808080808080808000")]
    public void One_that_is_too_large_or_too_long_is_refused(string hex) => Refused(hex);

    [Theory]
    [InlineData("7f")]
    [InlineData("7f80")]
    [InlineData("7fffffff")]
    public void One_that_does_not_end_is_refused(string hex) => Refused(hex);

    private static void Refused(string hex) => Assert.Throws<HpackException>(() =>
    {
        int at = 0;
        HpackInteger.Read(Blocks.Hex(hex), ref at, 7);
    });
}
