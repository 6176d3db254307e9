using System.Buffers.Binary;

namespace Warmwire.Http2.Hpack;

/// <summary>
/// A quick hash of all bytes. It does not hold out against somebody who makes texts collide, and need not: what is found by it is compared
/// byte by byte, and a table has no more entries than fit its few kilobytes.
/// </summary>
internal static class FieldHash
{
    // No more is asked of them than bits without a pattern.
    private const ulong Salt = 0x9E3779B97F4A7C15;
    private const ulong Factor = 0xD6E8FEB86659FD93;

    public static uint Of(ReadOnlySpan<byte> name) => With(0, name);

    /// <summary>The hash of a field whose name has the hash <paramref name="nameHash"/>.</summary>
    public static uint With(uint nameHash, ReadOnlySpan<byte> value)
    {
        ulong hash = Mix(nameHash + ((ulong)value.Length << 32));
        if (value.Length >= sizeof(ulong))
        {
            ReadOnlySpan<byte> rest = value;
            while (rest.Length > sizeof(ulong))
            {
                hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(rest));
                rest = rest[sizeof(ulong)..];
            }

            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(value[^sizeof(ulong)..]));
        }
        else if (value.Length >= sizeof(uint))
        {
            ulong ends = BinaryPrimitives.ReadUInt32LittleEndian(value)
                | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(value[^sizeof(uint)..]) << 32);
            hash = Mix(hash ^ ends);
        }
        else if (value.Length > 0)
        {
            hash = Mix(hash ^ (uint)(value[0] | (value[value.Length / 2] << 8) | (value[^1] << 16)));
        }

        return (uint)hash;
    }

    // Both halves of the product, so that every bit of it depends on every bit that came in.
    private static ulong Mix(ulong bits)
    {
        ulong high = Math.BigMul(bits ^ Salt, Factor, out ulong low);
        return high ^ low;
    }
}
