namespace Warmwire.Tests.Kit.Http2;

/// <summary>The static table of RFC 7541, Appendix A, and behind it the dynamic one.</summary>
internal sealed class HpackTable
{
    private const int Overhead = 32;

    private static readonly (string Name, string Value)[] s_static =
    [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"), (":scheme", "http"),
        (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
        (":status", "404"), (":status", "500"), ("accept-charset", ""), ("accept-encoding", "gzip, deflate"), ("accept-language", ""),
        ("accept-ranges", ""), ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""),
        ("cache-control", ""), ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
        ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""),
        ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
        ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""),
        ("proxy-authenticate", ""),
        ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""),
        ("set-cookie", ""),
        ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
        ("www-authenticate", ""),
    ];

    private readonly List<(string Name, string Value)> _dynamic = []; // newest first
    private int _size;

    /// <summary>How large the encoder may make the table: what our SETTINGS allow.</summary>
    public int Allowed { get; set; } = 4096;

    /// <summary>How large the encoder says it is.</summary>
    public int Limit { get; private set; } = 4096;

    public int Count => _dynamic.Count;

    public (string Name, string Value) this[int index]
    {
        get
        {
            if (index < 1 || index > s_static.Length + _dynamic.Count)
            {
                throw new FormatException($"The header table has no entry {index}.");
            }

            return index <= s_static.Length ? s_static[index - 1] : _dynamic[index - s_static.Length - 1];
        }
    }

    public void Add(string name, string value)
    {
        _dynamic.Insert(0, (name, value));
        _size += name.Length + value.Length + Overhead;
        Evict();
    }

    public void Resize(int limit)
    {
        Limit = limit <= Allowed ? limit : throw new FormatException($"A table of {limit} where {Allowed} is allowed.");
        Evict();
    }

    private void Evict()
    {
        while (_size > Limit)
        {
            (string name, string value) = _dynamic[^1];
            _size -= name.Length + value.Length + Overhead;
            _dynamic.RemoveAt(_dynamic.Count - 1);
        }
    }
}
