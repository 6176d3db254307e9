using Warmwire.Buffers;
using Warmwire.Http2.Hpack;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>Short ways to write, read and look at field blocks.</summary>
internal static class Blocks
{
    /// <summary>A size update as a peer must send it whose table was made smaller by our settings.</summary>
    public const string SizeIs256 = "3fe101";

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    public static List<ReadField> Read(HpackDecoder decoder, string hex) => Read(decoder, Hex(hex));

    public static List<ReadField> Read(HpackDecoder decoder, ReadOnlySpan<byte> block)
    {
        Collector sink = new([]);
        decoder.Decode(block, ref sink);
        return sink.Fields;
    }

    /// <summary>The fields as lines, which are easy to compare.</summary>
    public static string[] Lines(HpackDecoder decoder, ReadOnlySpan<byte> block) =>
        [.. Read(decoder, block).Select(static field => field.Line)];

    public static string[] Lines(HpackDecoder decoder, string hex) => Lines(decoder, Hex(hex));

    /// <summary>The entries of a table, the newest first, as RFC 7541 appendix C lists them.</summary>
    public static string[] Entries<TNote>(DynamicTable<TNote> table)
        where TNote : struct =>
        [.. Enumerable.Range(0, table.Count).Select(age => $"{WireBytes.Text(table.Name(age))}: {WireBytes.Text(table.Value(age))}")];

    public static byte[] Write(HpackEncoder encoder, params (string Name, string Value)[] fields)
    {
        OutputBuffer output = new();
        encoder.BeginBlock(output);
        foreach ((string name, string value) in fields)
        {
            encoder.Encode(output, WireBytes.Of(name), WireBytes.Of(value), FieldIndexing.Index);
        }

        return output.Written.ToArray();
    }

    public static HpackException Refused(string hex, HpackDecoder? decoder = null) =>
        Assert.Throws<HpackException>(() => Read(decoder ?? new HpackDecoder(), hex));

    internal sealed record ReadField(int WellKnownIndex, string Name, string Value, object? TagBefore)
    {
        public string Line => $"{Name}: {Value}";
    }

    /// <summary>Keeps the fields, and tags each entry that has no tag with a new object.</summary>
    internal readonly struct Collector(List<ReadField> fields) : IFieldSink
    {
        public List<ReadField> Fields => fields;

        public void Field(int wellKnownIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag)
        {
            fields.Add(new ReadField(wellKnownIndex, WireBytes.Text(name), WireBytes.Text(value), tag));
            tag ??= $"{WireBytes.Text(name)}: {WireBytes.Text(value)}";
        }
    }
}
