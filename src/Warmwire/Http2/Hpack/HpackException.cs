namespace Warmwire.Http2.Hpack;

/// <summary>
/// The peer's field block cannot be read, so its table and ours have parted. The connection makes COMPRESSION_ERROR of it (RFC 9113
/// §4.3).
/// </summary>
internal sealed class HpackException : Exception
{
    public HpackException(string message)
        : base(message)
    {
    }
}
