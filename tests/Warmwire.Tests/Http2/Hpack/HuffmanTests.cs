using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http2.Hpack;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>RFC 7541 §5.2 and appendix B.</summary>
public class HuffmanTests
{
    [Fact]
    public void The_code_is_complete()
    {
        // Kraft: all sequences of bits begin with one code.
        long sum = 0;
        foreach (byte length in HuffmanCode.Lengths)
        {
            sum += 1L << (HuffmanCode.MaxLength - length);
        }

        Assert.Equal(HuffmanCode.Symbols, HuffmanCode.Lengths.Length);
        Assert.Equal(1L << HuffmanCode.MaxLength, sum);
    }

    [Theory]
    [InlineData(0, 0x1ff8, 13)]
    [InlineData(1, 0x7fffd8, 23)]
    [InlineData(2, 0xfffffe2, 28)]
    [InlineData(9, 0xffffea, 24)]
    [InlineData(10, 0x3ffffffc, 30)]
    [InlineData(22, 0x3ffffffe, 30)]
    [InlineData(' ', 0x14, 6)]
    [InlineData('!', 0x3f8, 10)]
    [InlineData('#', 0xffa, 12)]
    [InlineData('\'', 0x7fa, 11)]
    [InlineData('0', 0x0, 5)]
    [InlineData(':', 0x5c, 7)]
    [InlineData('<', 0x7ffc, 15)]
    [InlineData('A', 0x21, 6)]
    [InlineData('Z', 0xfd, 8)]
    [InlineData('\\', 0x7fff0, 19)]
    [InlineData('^', 0x3ffc, 14)]
    [InlineData('t', 0x9, 5)]
    [InlineData('z', 0x7b, 7)]
    [InlineData(127, 0xffffffc, 28)]
    [InlineData(128, 0xfffe6, 20)]
    [InlineData(153, 0x1fffdc, 21)]
    [InlineData(199, 0x1ffffec, 25)]
    [InlineData(203, 0x7ffffde, 27)]
    [InlineData(249, 0xffffffe, 28)]
    [InlineData(255, 0x3ffffee, 26)]
    [InlineData(HuffmanCode.EndOfString, 0x3fffffff, 30)]
    public void Codes_are_those_of_the_RFC(int symbol, uint code, int length)
    {
        Assert.Equal(length, HuffmanCode.Lengths[symbol]);
        Assert.Equal(code, HuffmanCode.Codes[symbol]);
    }

    [Theory]
    [InlineData("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff")] // C.4.1
    [InlineData("no-cache", "a8eb10649cbf")] // C.4.2
    [InlineData("custom-key", "25a849e95ba97d7f")] // C.4.3
    [InlineData("custom-value", "25a849e95bb8e8b4bf")]
    [InlineData("302", "6402")] // C.6.1
    [InlineData("private", "aec3771a4b")]
    [InlineData("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff")]
    [InlineData("https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3")]
    [InlineData("307", "640eff")] // C.6.2
    [InlineData("Mon, 21 Oct 2013 20:13:22 GMT", "d07abe941054d444a8200595040b8166e084a62d1bff")] // C.6.3
    [InlineData("gzip", "9bd9ab")]
    [InlineData(
        "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007")]
    [InlineData("", "")]
    public void Strings_of_the_RFC_are_coded_as_there(string text, string hex)
    {
        Assert.Equal(hex, Convert.ToHexStringLower(Encode(WireBytes.Of(text))));
        Assert.Equal(text, WireBytes.Text(Decode(Blocks.Hex(hex))));
    }

    [Fact]
    public void Every_byte_comes_back_alone_and_among_others()
    {
        for (int b = 0; b < 256; b++)
        {
            byte[] alone = [(byte)b];
            Assert.Equal(alone, Decode(Encode(alone)));
            byte[] among = [(byte)'a', (byte)b, (byte)b, (byte)'0', (byte)b, (byte)'~'];
            Assert.Equal(among, Decode(Encode(among)));
        }
    }

    [Fact]
    public void Any_bytes_come_back() =>
        Check.QuickThrowOnFailure(
            Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => Decode(Encode(bytes)).AsSpan().SequenceEqual(bytes)));

    [Fact]
    public void What_is_accepted_is_the_only_way_to_write_it() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            try
            {
                return Encode(Decode(bytes)).AsSpan().SequenceEqual(bytes);
            }
            catch (HpackException)
            {
                return true;
            }
        }));

    [Theory]
    [InlineData("ff")] // 8 bits of padding and nothing else
    [InlineData("07ff")] // 00000 111 11111111: '0' and 11
    [InlineData("07ffff")]
    [InlineData("6402ff")]
    [InlineData("ffffff")]
    public void Padding_of_more_than_7_bits_is_refused(string hex) => Assert.Throws<HpackException>(() => Decode(Blocks.Hex(hex)));

    [Theory]
    [InlineData("00")] // '0' and 000
    [InlineData("06")]
    [InlineData("03")]
    [InlineData("f1e3c2e5f23a6ba0ab90f4fe")]
    [InlineData("fe")] // the beginning of longer codes
    [InlineData("fffe")]
    public void Padding_that_is_not_ones_is_refused(string hex) => Assert.Throws<HpackException>(() => Decode(Blocks.Hex(hex)));

    [Theory]
    [InlineData("ffffffff")] // the symbol and two bits
    [InlineData("fffffffc")]
    [InlineData("07ffffffff")] // after '0'
    [InlineData("07ffffffe0")]
    [InlineData("fffffffffffffffffff0")]
    public void The_end_of_string_symbol_is_refused(string hex) => Assert.Throws<HpackException>(() => Decode(Blocks.Hex(hex)));

    [Fact]
    public void The_shortest_codes_fill_all_the_room_there_is()
    {
        byte[] zeros = WireBytes.Of(new string('0', 1600));
        byte[] encoded = Encode(zeros);
        Assert.Equal(1000, encoded.Length);
        Assert.Equal(1600, HuffmanDecoder.MaxDecodedLength(encoded.Length));
        Assert.Equal(zeros, Decode(encoded));
    }

    private static byte[] Encode(ReadOnlySpan<byte> text)
    {
        byte[] encoded = new byte[HuffmanEncoder.EncodedLength(text)];
        HuffmanEncoder.Encode(text, encoded);
        return encoded;
    }

    private static byte[] Decode(ReadOnlySpan<byte> encoded)
    {
        byte[] room = new byte[HuffmanDecoder.MaxDecodedLength(encoded.Length)];
        return room[..HuffmanDecoder.Decode(encoded, room)];
    }
}
