using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Warmwire.Fields;

/// <summary>Text of nothing but printable ASCII, which is what header fields nearly always are.</summary>
internal static class PlainText
{
    /// <summary>
    /// Writes the characters as bytes if all of them are from ' ' to '~', and looks at each only once. Otherwise it says no, and what it
    /// wrote means nothing.
    /// </summary>
    public static bool TryWrite(ReadOnlySpan<char> text, Span<byte> destination)
    {
        if (destination.Length < text.Length)
        {
            return false;
        }

        ReadOnlySpan<ushort> units = System.Runtime.InteropServices.MemoryMarshal.Cast<char, ushort>(text);
        if (!Vector128.IsHardwareAccelerated || units.Length < Vector128<ushort>.Count)
        {
            return TryWriteEach(units, destination);
        }

        // Whole blocks, and the last one so that it ends with the text: it overlaps the one before.
        Vector128<ushort> illegal = Vector128<ushort>.Zero;
        int last = units.Length - Vector128<ushort>.Count;
        for (int at = 0; at < last; at += Vector128<ushort>.Count)
        {
            illegal |= WriteBlock(units[at..], destination[at..]);
        }

        illegal |= WriteBlock(units[last..], destination[last..]);
        return illegal == Vector128<ushort>.Zero;
    }

    private static Vector128<ushort> WriteBlock(ReadOnlySpan<ushort> units, Span<byte> destination)
    {
        Vector128<ushort> block = Vector128.Create(units);
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Vector128.Narrow(block, block).AsUInt64().ToScalar());
        return Vector128.GreaterThan(block - Vector128.Create((ushort)' '), Vector128.Create((ushort)('~' - ' ')));
    }

    private static bool TryWriteEach(ReadOnlySpan<ushort> units, Span<byte> destination)
    {
        for (int i = 0; i < units.Length; i++)
        {
            uint unit = units[i];
            if (unit - ' ' > '~' - ' ')
            {
                return false;
            }

            destination[i] = (byte)unit;
        }

        return true;
    }
}
