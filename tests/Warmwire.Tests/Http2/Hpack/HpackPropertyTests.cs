using FsCheck;
using FsCheck.Fluent;
using Warmwire.Buffers;
using Warmwire.Http2.Hpack;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>Both sides in step over many blocks, whatever is sent; and whatever is sent, the decoder survives.</summary>
public class HpackPropertyTests
{
    private static readonly string[] s_names =
    [
        ":authority", ":path", ":method", "user-agent", "accept", "cookie", "te", "x-request-id", "x-a", "x-b", "content-length", "",
        "x-\u00FF\u0000\n",
    ];

    [Fact]
    public void Both_tables_stay_in_step_through_changes_of_size() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            Random random = new(seed);
            int offered = random.Next(3) switch { 0 => 4096, 1 => random.Next(400), _ => random.Next(20_000) };
            HpackEncoder encoder = new(random.Next(2) == 0 ? 4096 : random.Next(10_000));
            HpackDecoder decoder = new(offered);
            encoder.SetMaxTableSize(offered);
            for (int i = 0; i < 60; i++)
            {
                // What a peer may set in between, as long as the last it set is what the decoder offers.
                for (int changes = random.Next(6) - 3; changes > 0; changes--)
                {
                    encoder.SetMaxTableSize(random.Next(offered + 1));
                }

                OneBlock(random, encoder, decoder);
            }

            return true;
        }));

    [Fact]
    public void Random_bytes_are_refused_or_read_and_the_table_stays_bounded() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            Random random = new(seed);
            HpackDecoder decoder = new(random.Next(3) switch { 0 => 4096, 1 => random.Next(400), _ => random.Next(20_000) });
            for (int i = 0; i < 200; i++)
            {
                byte[] block = new byte[random.Next(200)];
                random.NextBytes(block);
                ReadOrRefuse(decoder, block);
            }

            return true;
        }));

    [Fact]
    public void Damaged_blocks_are_refused_or_read_and_the_table_stays_bounded() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            Random random = new(seed);
            HpackEncoder encoder = new();
            HpackDecoder decoder = new();
            OutputBuffer output = new();
            for (int i = 0; i < 100; i++)
            {
                output.Clear();
                WriteFields(random, encoder, output);
                byte[] block = output.Written.ToArray();
                for (int damage = random.Next(4); damage > 0 && block.Length > 0; damage--)
                {
                    block[random.Next(block.Length)] = (byte)random.Next(256);
                }

                ReadOrRefuse(decoder, block);
            }

            return true;
        }));

    [Fact]
    public void A_tag_is_always_of_the_field_it_comes_with() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            Random random = new(seed);
            HpackEncoder encoder = new(400);
            HpackDecoder decoder = new();
            OutputBuffer output = new();
            int tagged = 0;
            for (int i = 0; i < 100; i++)
            {
                output.Clear();
                WriteFields(random, encoder, output);
                foreach (Blocks.ReadField field in Blocks.Read(decoder, output.Written.Span))
                {
                    if (field.TagBefore is not null)
                    {
                        Assert.Equal(field.Line, field.TagBefore);
                        tagged++;
                    }
                }
            }

            return tagged > 0;
        }));

    private static void OneBlock(Random random, HpackEncoder encoder, HpackDecoder decoder)
    {
        OutputBuffer output = new();
        List<string> written = WriteFields(random, encoder, output);
        Assert.Equal(written, Blocks.Lines(decoder, output.Written.Span));
        Assert.Equal(encoder.Table.Size, decoder.Table.Size);
        Assert.Equal(encoder.Table.Count, decoder.Table.Count);
        AssertBounded(decoder);
    }

    private static List<string> WriteFields(Random random, HpackEncoder encoder, OutputBuffer output)
    {
        List<string> written = [];
        encoder.BeginBlock(output);
        for (int fields = random.Next(12); fields > 0; fields--)
        {
            string name = s_names[random.Next(s_names.Length)];
            string value = random.Next(5) switch
            {
                0 => "",
                1 => random.Next(10).ToString(),
                2 => new string((char)random.Next(256), random.Next(300)),
                3 => Convert.ToBase64String(Guid.NewGuid().ToByteArray()),
                _ => "/",
            };
            written.Add($"{name}: {value}");
            encoder.Encode(output, WireBytes.Of(name), WireBytes.Of(value), (FieldIndexing)Math.Max(0, random.Next(8) - 5));
        }

        return written;
    }

    private static void ReadOrRefuse(HpackDecoder decoder, byte[] block)
    {
        try
        {
            Assert.InRange(Blocks.Read(decoder, block).Count, 0, block.Length);
        }
        catch (HpackException refused)
        {
            Assert.DoesNotContain('\n', refused.Message);
        }

        AssertBounded(decoder);
    }

    private static void AssertBounded(HpackDecoder decoder)
    {
        DynamicTable<DecodedEntry> table = decoder.Table;
        Assert.InRange(table.Size, 0, table.MaxSize);
        Assert.Equal(
            table.Size, Enumerable.Range(0, table.Count).Sum(age => DynamicTable<DecodedEntry>.SizeOf(table.Name(age), table.Value(age))));
        Assert.InRange(table.HeldBytes, 0, 4 * 20_000);
        Assert.InRange(table.Room, 0, 2 * 20_000 / DynamicTable<DecodedEntry>.EntryOverhead);
    }
}
