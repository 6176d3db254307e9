using System.Text;

namespace Warmwire.Http2.Hpack;

/// <summary>The fields both sides know from the beginning (RFC 7541 appendix A), numbered from 1.</summary>
internal static class StaticTable
{
    public const int Count = 61;

    // Names and values in turn.
    private static readonly string[] s_texts =
    [
        ":authority", "",
        ":method", "GET",
        ":method", "POST",
        ":path", "/",
        ":path", "/index.html",
        ":scheme", "http",
        ":scheme", "https",
        ":status", "200",
        ":status", "204",
        ":status", "206",
        ":status", "304",
        ":status", "400",
        ":status", "404",
        ":status", "500",
        "accept-charset", "",
        "accept-encoding", "gzip, deflate",
        "accept-language", "",
        "accept-ranges", "",
        "accept", "",
        "access-control-allow-origin", "",
        "age", "",
        "allow", "",
        "authorization", "",
        "cache-control", "",
        "content-disposition", "",
        "content-encoding", "",
        "content-language", "",
        "content-length", "",
        "content-location", "",
        "content-range", "",
        "content-type", "",
        "cookie", "",
        "date", "",
        "etag", "",
        "expect", "",
        "expires", "",
        "from", "",
        "host", "",
        "if-match", "",
        "if-modified-since", "",
        "if-none-match", "",
        "if-range", "",
        "if-unmodified-since", "",
        "last-modified", "",
        "link", "",
        "location", "",
        "max-forwards", "",
        "proxy-authenticate", "",
        "proxy-authorization", "",
        "range", "",
        "referer", "",
        "refresh", "",
        "retry-after", "",
        "server", "",
        "set-cookie", "",
        "strict-transport-security", "",
        "transfer-encoding", "",
        "user-agent", "",
        "vary", "",
        "via", "",
        "www-authenticate", "",
    ];

    private const int Slots = 256; // four for each name and more, so that most are found at once

    private static readonly byte[][] s_names = Column(0);
    private static readonly byte[][] s_values = Column(1);
    private static readonly byte[] s_firstOfName = FirstOfName();
    private static readonly byte[] s_slots = Place();

    public static ReadOnlySpan<byte> Name(int index) => s_names[index];

    public static ReadOnlySpan<byte> Value(int index) => s_values[index];

    /// <summary>The first entry with the same name.</summary>
    public static int FirstOfName(int index) => s_firstOfName[index];

    /// <summary>The first entry with that name, or 0.</summary>
    /// <param name="name">In lower case, as all names are.</param>
    /// <param name="hash">What <see cref="FieldHash"/> makes of the name.</param>
    public static int IndexOfName(ReadOnlySpan<byte> name, uint hash)
    {
        byte[] slots = s_slots;
        for (uint slot = hash; ; slot++)
        {
            int index = slots[slot % Slots];
            if (index == 0 || name.SequenceEqual(s_names[index]))
            {
                return index;
            }
        }
    }

    /// <summary>The entry with that value among those with the name of <paramref name="firstOfName"/>, or 0.</summary>
    public static int IndexOfValue(int firstOfName, ReadOnlySpan<byte> value)
    {
        for (int index = firstOfName; index <= Count && s_firstOfName[index] == firstOfName; index++)
        {
            if (value.SequenceEqual(s_values[index]))
            {
                return index;
            }
        }

        return 0;
    }

    private static byte[][] Column(int column)
    {
        var texts = new byte[Count + 1][];
        texts[0] = [];
        for (int index = 1; index <= Count; index++)
        {
            texts[index] = Encoding.ASCII.GetBytes(s_texts[((index - 1) * 2) + column]);
        }

        return texts;
    }

    private static byte[] FirstOfName()
    {
        var first = new byte[Count + 1];
        for (int index = 1; index <= Count; index++)
        {
            first[index] = s_names[index].AsSpan().SequenceEqual(s_names[index - 1]) ? first[index - 1] : (byte)index;
        }

        return first;
    }

    private static byte[] Place()
    {
        var slots = new byte[Slots];
        for (int index = 1; index <= Count; index++)
        {
            if (s_firstOfName[index] == index)
            {
                uint slot = FieldHash.Of(s_names[index]);
                while (slots[slot % Slots] != 0)
                {
                    slot++;
                }

                slots[slot % Slots] = (byte)index;
            }
        }

        return slots;
    }
}
