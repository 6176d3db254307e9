using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Warmwire.Fields;

/// <summary>
/// Strings made lately from bytes, so that a server's usual answers are not made again and again. A fixed number of slots, each
/// overwritten by the next string that falls on it: it never grows, and a race between threads costs at most a string made twice.
/// Only for text that is no secret.
/// </summary>
internal sealed class RecentStrings
{
    private const int Slots = 256;
    private const int MaxLength = 64;

    private readonly string?[] _slots = new string?[Slots];

    public string Get(ReadOnlySpan<byte> latin1)
    {
        if (latin1.Length is 0 or > MaxLength)
        {
            return Encoding.Latin1.GetString(latin1);
        }

        // Two places for each hash, so that two texts of every response that share one do not drive each other out.
        int first = FirstSlot(latin1);
        string? recent = _slots[first];
        if (recent is not null && Ascii.Equals(latin1, recent)) // never equal outside ASCII, so those are just made anew
        {
            return recent;
        }

        string? earlier = _slots[first + 1];
        if (earlier is not null && Ascii.Equals(latin1, earlier))
        {
            return earlier;
        }

        _slots[first + 1] = recent;
        return _slots[first] = Encoding.Latin1.GetString(latin1);
    }

    /// <summary>Some of the bytes and the length: a peer that makes texts collide gains nothing but strings made anew.</summary>
    private static int FirstSlot(ReadOnlySpan<byte> text)
    {
        ulong first;
        ulong last;
        if (text.Length >= sizeof(ulong))
        {
            first = BinaryPrimitives.ReadUInt64LittleEndian(text)
                ^ BinaryPrimitives.ReadUInt64LittleEndian(text[((text.Length - sizeof(ulong)) / 2)..]);
            last = BinaryPrimitives.ReadUInt64LittleEndian(text[^sizeof(ulong)..]);
        }
        else
        {
            first = text[0] | ((ulong)text[text.Length / 2] << 8);
            last = text.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(text[^sizeof(uint)..]) : text[^1];
        }

        ulong hash = ((first * 0x9E3779B97F4A7C15) ^ BitOperations.RotateLeft(last, 32) ^ (uint)text.Length) * 0xD6E8FEB86659FD93;
        return (int)(hash >> 56) & (Slots - 2);
    }
}
