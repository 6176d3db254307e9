using System.Text;

namespace Warmwire.Tests.Kit.Http2;

/// <summary>Writes header blocks of literals that touch no table, and single representations for tests that do want the table.</summary>
internal static class HpackWriter
{
    public static byte[] Block(IEnumerable<(string Name, string Value)> fields) =>
        [.. fields.SelectMany(field => Literal(field.Name, field.Value))];

    /// <summary>A literal without indexing, its name spelled out.</summary>
    public static byte[] Literal(string name, string value) => [0, .. Text(name), .. Text(value)];

    /// <summary>A literal that goes into the dynamic table.</summary>
    public static byte[] Indexing(string name, string value) => [0x40, .. Text(name), .. Text(value)];

    /// <summary>A literal that goes into the dynamic table, its name taken from the tables.</summary>
    public static byte[] Indexing(int nameIndex, string value) => [.. Number(0x40, 6, nameIndex), .. Text(value)];

    /// <summary>A field of the tables; the newest of the dynamic one is 62.</summary>
    public static byte[] Indexed(int index) => Number(0x80, 7, index);

    public static byte[] TableSize(int size) => Number(0x20, 5, size);

    /// <summary>A string without Huffman, one byte per character.</summary>
    public static byte[] Text(string text) => [.. Number(0, 7, text.Length), .. Encoding.Latin1.GetBytes(text)];

    public static byte[] Number(byte pattern, int prefix, int value)
    {
        int max = (1 << prefix) - 1;
        if (value < max)
        {
            return [(byte)(pattern | value)];
        }

        var bytes = new List<byte> { (byte)(pattern | max) };
        for (value -= max; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}
