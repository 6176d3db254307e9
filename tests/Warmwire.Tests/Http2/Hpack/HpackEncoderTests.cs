using Warmwire.Buffers;
using Warmwire.Http2.Hpack;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>What is written how, and what gets into the table.</summary>
public class HpackEncoderTests
{
    [Theory]
    [InlineData(":method", "GET", "82")]
    [InlineData(":method", "POST", "83")]
    [InlineData(":path", "/index.html", "85")]
    [InlineData(":status", "404", "8d")]
    [InlineData("accept-encoding", "gzip, deflate", "90")]
    [InlineData("www-authenticate", "", "bd")]
    public void A_field_of_the_static_table_is_one_byte(string name, string value, string hex) =>
        Assert.Equal(hex, Convert.ToHexStringLower(Blocks.Write(new HpackEncoder(), (name, value))));

    [Theory]
    [InlineData(":authority", "example.com")]
    [InlineData("user-agent", "test/1.0")]
    [InlineData("accept", "*/*")]
    [InlineData("accept-encoding", "gzip, br")]
    [InlineData("content-type", "application/json")]
    [InlineData("authorization", "Bearer 0123456789")]
    [InlineData("te", "trailers")]
    [InlineData("cookie", "session=0123456789abc")]
    public void Fields_that_repeat_nearly_always_are_added_at_first_sight(string name, string value)
    {
        HpackEncoder encoder = new();
        Assert.True(Blocks.Write(encoder, (name, value)).Length > 1);
        Assert.Equal("be", Convert.ToHexStringLower(Blocks.Write(encoder, (name, value))));
    }

    [Theory]
    [InlineData("x-api-version", "7")]
    [InlineData("x-empty", "")]
    [InlineData("cookie", "short=0123456789abcd")]
    [InlineData(":path", "/api/items")]
    public void Other_fields_are_added_at_second_sight(string name, string value)
    {
        HpackEncoder encoder = new();
        Blocks.Write(encoder, (name, value));
        Assert.Equal(0, encoder.Table.Count);
        Blocks.Write(encoder, (name, value));
        Assert.Equal(1, encoder.Table.Count);
        Assert.Equal("be", Convert.ToHexStringLower(Blocks.Write(encoder, (name, value))));
    }

    [Fact]
    public void A_value_that_is_new_each_time_does_not_drive_out_those_that_repeat()
    {
        HpackEncoder encoder = new(512);
        HpackDecoder decoder = new(512);
        int longest = 0;
        for (int i = 0; i < 1000; i++)
        {
            byte[] block = Blocks.Write(
                encoder,
                (":authority", "example.com"),
                ("user-agent", "test/1.0"),
                ("x-request-id", $"{i:x32}"),
                ("x-api-version", "7"));
            Assert.Equal(4, Blocks.Read(decoder, block).Count);
            if (i > 2)
            {
                longest = Math.Max(longest, block.Length);
            }
        }

        Assert.Equal(3, encoder.Table.Count);
        Assert.InRange(longest, 4, 3 + 3 + 12 + 32);
    }

    [Fact]
    public void A_known_name_is_referred_to()
    {
        HpackEncoder encoder = new();
        Blocks.Write(encoder, ("x-custom-name", "one"), ("x-custom-name", "one"));
        Assert.Equal(1, encoder.Table.Count);

        // 62 does not fit the prefix of four bits; the value is no shorter when it is coded.
        Assert.Equal("0f2f03" + "26262a", Convert.ToHexStringLower(Blocks.Write(encoder, ("x-custom-name", "&&*"))));
        Assert.Equal("7e03" + "26262a", Convert.ToHexStringLower(Blocks.Write(encoder, ("x-custom-name", "&&*"))));
    }

    [Theory]
    [InlineData((int)FieldIndexing.DoNotIndex, 0x00)]
    [InlineData((int)FieldIndexing.NeverIndex, 0x10)]
    public void What_must_not_be_indexed_leaves_the_table_alone(int indexing, int pattern)
    {
        HpackEncoder encoder = new();
        OutputBuffer output = new();
        for (int i = 0; i < 3; i++)
        {
            output.Clear();
            encoder.BeginBlock(output);
            encoder.Encode(output, "x-secret"u8, "0123456789"u8, (FieldIndexing)indexing);
            Assert.Equal(pattern, output.Written.Span[0]);
            Assert.Equal(["x-secret: 0123456789"], Blocks.Lines(new HpackDecoder(), output.Written.Span));
            Assert.Equal(0, encoder.Table.Count);
        }

        // A name of the static table: 28 is 15 + 13.
        output.Clear();
        encoder.Encode(output, "content-length"u8, ">>"u8, (FieldIndexing)indexing);
        Assert.Equal([(byte)(pattern | 0x0F), 13, 2, (byte)'>', (byte)'>'], output.Written.ToArray());
    }

    [Fact]
    public void A_secret_is_not_referred_to_even_if_the_table_has_it()
    {
        HpackEncoder encoder = new();
        Blocks.Write(encoder, ("authorization", "Basic AAAA"));
        OutputBuffer output = new();
        encoder.Encode(output, "authorization"u8, "Basic AAAA"u8, FieldIndexing.NeverIndex);
        Assert.Equal(0x1F, output.Written.Span[0]);
        Assert.Equal(8, output.Written.Span[1]); // the name, though: 23 is 15 + 8
    }

    [Fact]
    public void A_field_larger_than_half_the_table_is_not_added()
    {
        HpackEncoder encoder = new();
        Blocks.Write(encoder, ("user-agent", new string('a', 2048 - 32 - 10)));
        Assert.Equal(1, encoder.Table.Count);
        Blocks.Write(encoder, ("user-agent", new string('a', 2048 - 32 - 9)));
        Assert.Equal(1, encoder.Table.Count);
    }

    [Fact]
    public void Without_a_table_nothing_is_added()
    {
        HpackEncoder encoder = new(0);
        HpackDecoder decoder = new(0);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(
                [":method: GET", "user-agent: a"], Blocks.Lines(decoder, Blocks.Write(encoder, (":method", "GET"), ("user-agent", "a"))));
        }
    }

    [Fact]
    public void The_table_begins_with_the_default_size_and_no_update() =>
        Assert.Empty(Blocks.Write(new HpackEncoder()));

    [Theory]
    [InlineData(4096, new[] { 4096 }, "")]
    [InlineData(4096, new[] { 8192 }, "")] // our own cap
    [InlineData(65536, new[] { 8192 }, "3fe13f")]
    [InlineData(4096, new[] { 256 }, "3fe101")]
    [InlineData(4096, new[] { 0 }, "20")]
    [InlineData(4096, new[] { 0, 4096 }, "20 3fe11f")]
    [InlineData(4096, new[] { 256, 0, 4096 }, "20 3fe11f")]
    [InlineData(4096, new[] { 256, 512 }, "3fe101 3fe103")]
    [InlineData(4096, new[] { 512, 256 }, "3fe101")]
    [InlineData(65536, new[] { 8192, 4096 }, "3fe11f")]
    [InlineData(256, new int[0], "3fe101")]
    [InlineData(256, new[] { 2048 }, "3fe101")] // a peer that lowers its limit waits for an update
    [InlineData(256, new[] { 0, 4096 }, "20 3fe101")]
    public void A_change_of_size_is_told_at_the_beginning_of_the_next_block(int limit, int[] settings, string hex)
    {
        HpackEncoder encoder = new(limit);
        foreach (int size in settings)
        {
            encoder.SetMaxTableSize(size);
        }

        Assert.Equal(Blocks.Hex(hex), Blocks.Write(encoder));
        Assert.Empty(Blocks.Write(encoder));
    }

    [Fact]
    public void A_peer_that_lowers_its_limit_to_what_we_use_is_told_again()
    {
        HpackEncoder encoder = new(256);
        Assert.Equal(Blocks.Hex("3fe101"), Blocks.Write(encoder));
        encoder.SetMaxTableSize(2048);
        Assert.Equal(Blocks.Hex("3fe101"), Blocks.Write(encoder));
        encoder.SetMaxTableSize(4096);
        Assert.Empty(Blocks.Write(encoder));
    }

    [Fact]
    public void What_was_smaller_for_a_moment_has_emptied_the_table()
    {
        HpackEncoder encoder = new();
        HpackDecoder decoder = new();
        Blocks.Read(decoder, Blocks.Write(encoder, ("user-agent", "a")));
        encoder.SetMaxTableSize(0);
        encoder.SetMaxTableSize(4096);
        Assert.Equal(["user-agent: a"], Blocks.Lines(decoder, Blocks.Write(encoder, ("user-agent", "a"))));
        Assert.Equal(1, decoder.Table.Count);
    }

    [Fact]
    public void Every_value_is_found_among_many_and_none_that_went()
    {
        HpackEncoder encoder = new();
        for (int i = 0; i < 500; i++)
        {
            Blocks.Write(encoder, ("user-agent", $"{i}"));
        }

        // 10 + 3 + 32 bytes each
        Assert.Equal(4096 / 45, encoder.Table.Count);
        for (int i = 0; i < encoder.Table.Count; i++)
        {
            byte[] value = WireBytes.Of($"{499 - i}");
            Assert.Equal(62 + i, encoder.Table.IndexOfField(Hash("user-agent", value), "user-agent"u8, value));
        }

        Assert.Equal(0, encoder.Table.IndexOfField(Hash("user-agent", "408"u8), "user-agent"u8, "408"u8));
    }

    [Fact]
    public void Fields_with_the_same_hash_are_told_apart()
    {
        EncoderTable table = new(4096);
        for (int i = 0; i < 20; i++)
        {
            table.Add(1, 2, WireBytes.Of($"name{i % 10}"), WireBytes.Of($"value{i}"));
        }

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(62 + 19 - i, table.IndexOfField(2, WireBytes.Of($"name{i % 10}"), WireBytes.Of($"value{i}")));
            Assert.Equal(0, table.IndexOfField(2, WireBytes.Of($"name{(i + 1) % 10}"), WireBytes.Of($"value{i}")));
            Assert.Equal(62 + 9 - (i % 10), table.IndexOfName(1, WireBytes.Of($"name{i % 10}")));
        }

        Assert.Equal(0, table.IndexOfName(1, "other"u8));
        table.Resize(0);
        Assert.Equal(0, table.IndexOfField(2, "name9"u8, "value19"u8));
        Assert.Equal(0, table.IndexOfName(1, "name9"u8));
    }

    private static uint Hash(string name, ReadOnlySpan<byte> value) => FieldHash.With(FieldHash.Of(WireBytes.Of(name)), value);
}
