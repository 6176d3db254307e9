using System.Text;

namespace Warmwire.Fields;

/// <summary>A fixed set of ASCII strings that bytes from the wire are looked up in without making a string of them.</summary>
internal sealed class AsciiTable
{
    private readonly byte[][] _keys;
    private readonly short[] _slots; // index into _keys plus one; 0 is free
    private readonly bool _ignoreCase;

    public AsciiTable(ReadOnlySpan<string> keys, bool ignoreCase)
    {
        _ignoreCase = ignoreCase;
        _keys = new byte[keys.Length][];
        _slots = new short[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)keys.Length * 4)];
        for (int i = 0; i < _keys.Length; i++)
        {
            _keys[i] = Encoding.ASCII.GetBytes(keys[i]);
            int slot = FirstSlot(_keys[i]);
            while (_slots[slot] != 0)
            {
                slot = NextSlot(slot);
            }

            _slots[slot] = (short)(i + 1);
        }
    }

    /// <summary>The position of the string in the list the table was made of, or -1.</summary>
    public int IndexOf(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return -1;
        }

        for (int slot = FirstSlot(text); _slots[slot] != 0; slot = NextSlot(slot))
        {
            int index = _slots[slot] - 1;
            byte[] key = _keys[index];
            if (text.SequenceEqual(key) || (_ignoreCase && Ascii.EqualsIgnoreCase(text, key)))
            {
                return index;
            }
        }

        return -1;
    }

    // Length and three letters tell the sets we have apart almost completely; the set is fixed, so nobody can choose colliding keys.
    // The bit that makes letters lower-case is set for both kinds of table: it costs the exact one nothing.
    private int FirstSlot(ReadOnlySpan<byte> text)
    {
        uint letters = (uint)((text[0] | 0x20) | ((text[text.Length / 2] | 0x20) << 8) | ((text[^1] | 0x20) << 16) | (text.Length << 24));
        return (int)((letters * 0x9E3779B1u) >> 16) & (_slots.Length - 1);
    }

    private int NextSlot(int slot) => (slot + 1) & (_slots.Length - 1);
}
