namespace Warmwire.Http1.Wire;

/// <summary>
/// The peer sent a malformed message; the connection cannot be used any more. The connection turns it into the error the caller sees.
/// </summary>
internal sealed class WireFormatException : Exception
{
    public WireFormatException(string message, string? setting = null)
        : base(message) => Setting = setting;

    /// <summary>The setting whose limit was passed, such as <c>PooledHttpHandler.MaxResponseHeadersLength</c>.</summary>
    public string? Setting { get; }
}
