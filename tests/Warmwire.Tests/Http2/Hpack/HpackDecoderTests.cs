using System.Runtime.CompilerServices;
using Warmwire.Http2.Hpack;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>What a peer may and may not write (RFC 7541 §3 to §6).</summary>
public class HpackDecoderTests
{
    // A block that has every kind of field in it.
    private const string Everything =
        "82 84 41 8cf1e3c2e5f23a6ba0ab90f4ff 40 8825a849e95ba97d7f 8925a849e95bb8e8b4bf "
        + "be 040c2f73616d706c652f70617468 10 0870617373776f7264 06736563726574 0f2f 0131 7f00 0132";

    [Fact]
    public void An_empty_block_has_no_fields() => Assert.Empty(Blocks.Read(new HpackDecoder(), ""));

    [Fact]
    public void A_block_cut_within_a_field_is_refused_and_one_cut_between_fields_is_not()
    {
        byte[] block = Blocks.Hex(Everything);
        string[] all = Blocks.Lines(new HpackDecoder(), block);
        Assert.Equal(9, all.Length);
        Assert.Equal(
            [":method: GET", ":path: /", ":authority: www.example.com", "custom-key: custom-value", "custom-key: custom-value"],
            all[..5]);

        int whole = 0;
        for (int length = 0; length < block.Length; length++)
        {
            try
            {
                string[] some = Blocks.Lines(new HpackDecoder(), block.AsSpan(0, length));
                Assert.Equal(all[..some.Length], some);
                whole++;
            }
            catch (HpackException)
            {
                // cut within a field
            }
        }

        Assert.Equal(9, whole);
    }

    [Theory]
    [InlineData("80")] // index 0
    [InlineData("be")] // 62, with nothing in the table
    [InlineData("ff00")] // 127
    [InlineData("ffffffff7f")]
    [InlineData("7f00 0131")] // a name of entry 63
    [InlineData("0f30 0131")] // the same, not to be added
    [InlineData("1f30 0131")]
    public void A_reference_to_no_entry_is_refused(string hex) => Blocks.Refused(hex);

    [Fact]
    public void The_last_entry_can_be_referred_to_and_the_next_cannot()
    {
        HpackDecoder decoder = new();
        Blocks.Read(decoder, "4001610162");
        Assert.Equal(["a: b"], Blocks.Lines(decoder, "be"));
        Blocks.Refused("bf", decoder);
    }

    [Theory]
    [InlineData("40")]
    [InlineData("4003 6162")] // a name longer than the block
    [InlineData("4001 61 7f ff ff ff 7f")]
    [InlineData("4001 61")] // no value
    [InlineData("4001 61 02 62")]
    [InlineData("41 ff 80 80 80 80 80 00")] // a length padded without end
    [InlineData("41 ff ff ff ff ff 7f")]
    [InlineData("ff ff ff ff ff ff 7f")]
    [InlineData("3f ff ff ff ff ff 7f")]
    public void Strings_that_do_not_fit_the_block_are_refused(string hex) => Blocks.Refused(hex);

    [Theory]
    [InlineData("41 84 ff ff ff ff")] // end of string
    [InlineData("41 81 ff")] // 8 bits of padding
    [InlineData("41 81 00")] // padded with zeros
    [InlineData("40 81 00 01 61")] // in a name
    public void A_string_that_is_not_properly_coded_is_refused(string hex) => Blocks.Refused(hex);

    [Fact]
    public void An_empty_name_or_value_is_for_the_receiver_to_judge()
    {
        Assert.Equal([": ", ": "], Blocks.Lines(new HpackDecoder(), "40 00 00 be"));
        Assert.Equal([": "], Blocks.Lines(new HpackDecoder(), "40 80 80"));
    }

    [Fact]
    public void The_hint_is_the_first_place_of_the_name_in_the_static_table()
    {
        HpackDecoder decoder = new();
        List<Blocks.ReadField> fields =
            Blocks.Read(decoder, "8d 4e03323031 be 0d03323032 4003666f6f03626172 be 7f0003626178 be 40073a73746174757303323033");
        Assert.Equal([8, 8, 8, 8, 0, 0, 8, 8, 0], fields.Select(static field => field.WellKnownIndex));
        Assert.Equal(
            [
                ":status: 404",
                ":status: 201",
                ":status: 201",
                ":status: 202",
                "foo: bar",
                "foo: bar",
                ":status: bax",
                ":status: bax",
                ":status: 203",
            ],
            fields.Select(static field => field.Line));
    }

    [Fact]
    public void A_tag_comes_again_with_its_entry_and_with_no_other()
    {
        HpackDecoder decoder = new();
        List<Blocks.ReadField> first = Blocks.Read(decoder, "82 4001610162 4001630164 0001650166 410167");
        Assert.All(first, static field => Assert.Null(field.TagBefore));

        // 62 is ":authority: g", 63 "c: d", 64 "a: b".
        List<Blocks.ReadField> second = Blocks.Read(decoder, "82 c0 bf be 83 0001650166 0001610162");
        Assert.Equal([":method: GET", "a: b", "c: d", ":authority: g", null, null, null], second.Select(static field => field.TagBefore));
        List<Blocks.ReadField> third = Blocks.Read(decoder, "82 c0 bf be 83");
        Assert.Equal(
            second.Take(4).Select(static field => field.TagBefore),
            third.Take(4).Select(static field => field.TagBefore),
            ReferenceEqualityComparer.Instance);
        Assert.Equal(":method: POST", third[4].TagBefore);
    }

    [Fact]
    public void A_new_entry_never_has_the_tag_of_one_that_went()
    {
        HpackDecoder decoder = new();
        Blocks.Read(decoder, "3f21"); // 64 bytes: one entry
        for (int i = 0; i < 100; i++)
        {
            string value = (i % 10).ToString();
            List<Blocks.ReadField> fields = Blocks.Read(decoder, $"400161013{value} be");
            Assert.Null(fields[0].TagBefore);
            Assert.Equal($"a: {value}", fields[1].TagBefore);
        }
    }

    [Fact]
    public void The_table_lets_go_of_the_tags_of_entries_that_went()
    {
        HpackDecoder decoder = new();
        WeakReference tag = TagOf(decoder);
        Blocks.Read(decoder, "20"); // size 0
        GC.Collect();
        Assert.False(tag.IsAlive);
    }

    [Fact]
    public void An_entry_larger_than_the_table_empties_it_and_is_not_added()
    {
        HpackDecoder decoder = new();
        string large = WireHex(new string('x', 70));
        List<Blocks.ReadField> fields = Blocks.Read(decoder, "3f45 4001610162 400161" + large); // 100 bytes
        Assert.Equal(["a: b", "a: " + new string('x', 70)], fields.Select(static field => field.Line));
        Assert.Equal(0, decoder.Table.Count);
        Assert.Equal(0, decoder.Table.Size);
        Blocks.Refused("be", decoder);
    }

    [Fact]
    public void An_entry_that_just_fits_stays_alone()
    {
        HpackDecoder decoder = new();
        Blocks.Read(decoder, "3f45 4001610162 400161" + WireHex(new string('x', 67)));
        Assert.Equal(["a: " + new string('x', 67)], Blocks.Entries(decoder.Table));
        Assert.Equal(100, decoder.Table.Size);
    }

    [Fact]
    public void A_name_may_be_taken_from_the_entry_that_the_new_one_drives_out()
    {
        HpackDecoder decoder = new();
        Blocks.Read(decoder, "3f45 400a637573746f6d2d6b657901 61"); // 43 of 100 bytes
        for (int i = 0; i < 200; i++) // so often that the bytes are moved many times
        {
            string value = new((char)('a' + (i % 26)), 50 + (i % 9)); // and nothing else fits
            Assert.Equal([$"custom-key: {value}"], Blocks.Lines(decoder, "7e" + WireHex(value)));
            Assert.Equal([$"custom-key: {value}"], Blocks.Entries(decoder.Table));
        }

        // And one with which not even that fits.
        string large = new('z', 80);
        Assert.Equal([$"custom-key: {large}"], Blocks.Lines(decoder, "7e" + WireHex(large)));
        Assert.Equal(0, decoder.Table.Count);
    }

    [Fact]
    public void A_size_update_drives_out_the_oldest()
    {
        HpackDecoder decoder = new();
        Blocks.Read(decoder, "4001610131 4001620132 4001630133"); // 34 bytes each
        Assert.Equal(102, decoder.Table.Size);
        Blocks.Read(decoder, "3f26"); // 69
        Assert.Equal(["c: 3", "b: 2"], Blocks.Entries(decoder.Table));
        Blocks.Read(decoder, "3fe11f"); // 4096
        Assert.Equal(["c: 3", "b: 2"], Blocks.Entries(decoder.Table));
        Assert.Equal(["b: 2", "d: 4"], Blocks.Lines(decoder, "bf 4001640134"));
        Assert.Equal(["d: 4", "c: 3", "b: 2"], Blocks.Entries(decoder.Table));
    }

    [Fact]
    public void Two_size_updates_in_one_block_empty_the_table_and_open_it_again()
    {
        HpackDecoder decoder = new();
        Blocks.Read(decoder, "4001610131");
        Assert.Equal(["b: 2"], Blocks.Lines(decoder, "20 3fe11f 4001620132"));
        Assert.Equal(["b: 2"], Blocks.Entries(decoder.Table));
        Assert.Equal(4096, decoder.Table.MaxSize);
    }

    [Fact]
    public void A_size_update_above_what_was_offered_is_refused()
    {
        Blocks.Refused("3fe21f"); // 4097
        Blocks.Refused("3fe201", new HpackDecoder(256)); // 257
        Blocks.Refused("21", new HpackDecoder(0));
        Blocks.Read(new HpackDecoder(0), "20");
        Blocks.Read(new HpackDecoder(8192), "3fe13f"); // 8192
    }

    [Theory]
    [InlineData("82 20")]
    [InlineData("82 3fe11f")]
    [InlineData("20 82 20 82")]
    [InlineData("4001610131 20")]
    [InlineData("0001610131 20")]
    public void A_size_update_after_a_field_is_refused(string hex) => Blocks.Refused(hex);

    [Fact]
    public void A_larger_table_that_is_offered_is_used_only_once_the_peer_says_so()
    {
        HpackDecoder decoder = new(8192);
        Assert.Equal(4096, decoder.Table.MaxSize);
        Blocks.Read(decoder, "3fe13f");
        Assert.Equal(8192, decoder.Table.MaxSize);
    }

    [Fact]
    public void A_peer_that_does_not_bring_the_size_down_may_not_add_to_the_table()
    {
        Assert.Equal([":method: GET", "a: b"], Blocks.Lines(new HpackDecoder(256), "82 0001610162"));
        Blocks.Refused("82 4001610162", new HpackDecoder(256));
        Assert.Equal(["a: b"], Blocks.Lines(new HpackDecoder(256), Blocks.SizeIs256 + "4001610162"));
        Assert.Equal(["a: b"], Blocks.Lines(new HpackDecoder(256), "20 4001610162"));
    }

    [Fact]
    public void A_long_string_is_decoded_and_its_room_is_not_kept()
    {
        HpackDecoder decoder = new();
        byte[] text = WireBytes.Of(new string('0', 100_000));
        byte[] coded = new byte[HuffmanEncoder.EncodedLength(text)];
        HuffmanEncoder.Encode(text, coded);
        byte[] prefix = new byte[HpackInteger.MaxBytes];
        int length = HpackInteger.Write(prefix, 0x80, 7, coded.Length);
        byte[] block = [0x00, 0x01, (byte)'a', .. prefix.AsSpan(0, length), .. coded, 0x00, 0x81, 0x1F, 0x81, 0x1F];
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(["a: " + new string('0', 100_000), "a: a"], Blocks.Lines(decoder, block));
        }
    }

    [Fact]
    public void A_sink_that_throws_leaves_the_table_as_of_the_field_it_got()
    {
        HpackDecoder decoder = new();
        byte[] block = Blocks.Hex("4001610131 4001620132 4001630133");
        int seen = 0;
        Assert.Throws<InvalidOperationException>(() =>
        {
            Throwing sink = new(ref seen, 2);
            decoder.Decode(block, ref sink);
        });
        Assert.Equal(2, seen);
        Assert.Equal(["b: 2", "a: 1"], Blocks.Entries(decoder.Table));
        Assert.Equal(["b: 2", "a: 1"], Blocks.Lines(decoder, "be bf"));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference TagOf(HpackDecoder decoder)
    {
        Blocks.Read(decoder, "4001610162");
        decoder.Table.Note(0).Tag = new object();
        return new WeakReference(decoder.Table.Note(0).Tag);
    }

    /// <summary>A string of less than 127 bytes as it is.</summary>
    private static string WireHex(string text) => Convert.ToHexString([(byte)text.Length, .. WireBytes.Of(text)]);

    private readonly ref struct Throwing(ref int seen, int last) : IFieldSink
    {
        private readonly ref int _seen = ref seen;

        public void Field(int wellKnownIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag)
        {
            if (++_seen == last)
            {
                throw new InvalidOperationException("Enough.");
            }
        }
    }
}
