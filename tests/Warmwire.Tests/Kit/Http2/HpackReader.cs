using System.Text;

namespace Warmwire.Tests.Kit.Http2;

/// <summary>
/// Reads header blocks, with everything an encoder may use (RFC 7541). It shares nothing with the library, so that both can be wrong only
/// apart.
/// </summary>
internal sealed class HpackReader
{
    public HpackTable Table { get; } = new();

    public List<(string Name, string Value)> Read(ReadOnlySpan<byte> block)
    {
        var fields = new List<(string Name, string Value)>();
        while (!block.IsEmpty)
        {
            byte first = block[0];
            if ((first & 0x80) != 0)
            {
                fields.Add(Table[ReadNumber(ref block, 7)]);
            }
            else if ((first & 0x40) != 0)
            {
                (string name, string value) = ReadLiteral(ref block, 6);
                Table.Add(name, value);
                fields.Add((name, value));
            }
            else if ((first & 0x20) != 0)
            {
                if (fields.Count > 0)
                {
                    throw new FormatException("A change of the table's size that is not at the start (RFC 7541 §4.2).");
                }

                Table.Resize(ReadNumber(ref block, 5));
            }
            else
            {
                fields.Add(ReadLiteral(ref block, 4));
            }
        }

        return fields;
    }

    private (string Name, string Value) ReadLiteral(ref ReadOnlySpan<byte> block, int prefix)
    {
        int index = ReadNumber(ref block, prefix);
        string name = index == 0 ? ReadText(ref block) : Table[index].Name;
        return (name, ReadText(ref block));
    }

    private static string ReadText(ref ReadOnlySpan<byte> block)
    {
        bool huffman = (block[0] & 0x80) != 0;
        int length = ReadNumber(ref block, 7);
        ReadOnlySpan<byte> text = block[..length];
        block = block[length..];
        return huffman ? HuffmanText.Decode(text) : Encoding.Latin1.GetString(text);
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> block, int prefix)
    {
        int max = (1 << prefix) - 1;
        int number = block[0] & max;
        block = block[1..];
        if (number < max)
        {
            return number;
        }

        for (int shift = 0; ; shift += 7)
        {
            byte next = block[0];
            block = block[1..];
            number = checked(number + ((next & 0x7f) << shift));
            if ((next & 0x80) == 0)
            {
                return number;
            }
        }
    }
}
