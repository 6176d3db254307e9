namespace Warmwire.Http2.Wire;

/// <summary>The peer broke a rule after which the connection cannot go on (RFC 9113 §5.4.1).</summary>
internal sealed class Http2ConnectionException : Exception
{
    public Http2ConnectionException(Http2ErrorCode code, string message)
        : base(message) => Code = code;

    public Http2ErrorCode Code { get; }
}
