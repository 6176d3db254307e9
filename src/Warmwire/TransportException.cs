namespace Warmwire;

/// <summary>
/// A failed exchange. It is an <see cref="HttpRequestException"/> with <see cref="HttpRequestException.HttpRequestError"/> set as .NET sets it,
/// so that existing handlers work, and it says as data what the message says in words.
/// </summary>
/// <remarks>
/// Reading a response's stream reports failures as <see cref="HttpIOException"/> (an <see cref="IOException"/>) with one of these inside; where there is an
/// <see cref="Http2ErrorCode"/>, as <see cref="HttpProtocolException"/>, which derives from it. Elsewhere that is the inner exception of such a failure.
/// </remarks>
public sealed class TransportException : HttpRequestException
{
    internal TransportException(
        HttpRequestError error,
        string message,
        Exception? inner,
        TransportPhase phase,
        RequestSent sent,
        string? origin,
        long? connectionId,
        bool isTimeout = false,
        bool canRetry = false,
        Http2ErrorCode? http2ErrorCode = null)
        : base(error, message, inner)
    {
        Phase = phase;
        RequestSent = sent;
        Origin = origin;
        ConnectionId = connectionId;
        IsTimeout = isTimeout;
        CanRetry = canRetry;
        Http2ErrorCode = http2ErrorCode;
    }

    /// <summary>The same failure for another request that shares its cause; an exception is thrown once, so each has one of its own.</summary>
    internal TransportException ForAnotherRequest() =>
        new(HttpRequestError, Message, InnerException, Phase, RequestSent, Origin, ConnectionId, IsTimeout, CanRetry, Http2ErrorCode);

    /// <summary>The part of the exchange that failed.</summary>
    public TransportPhase Phase { get; }

    /// <summary>Whether one of the timeouts of <see cref="PooledHttpHandler"/> or <see cref="TransportOptions"/> ran out. The caller's own token raises <see cref="OperationCanceledException"/> instead.</summary>
    public bool IsTimeout { get; }

    /// <summary>How much of the request had been handed to the operating system.</summary>
    public RequestSent RequestSent { get; }

    /// <summary>Whether sending the same request again cannot make the server act twice: nothing was sent, the server says that it did nothing with it (RFC 9113 §8.7), the method is idempotent (RFC 9110 §9.2.2), or the request carries <c>Idempotency-Key</c>.</summary>
    public bool CanRetry { get; }

    /// <summary>The origin the request was for, such as <c>https://api.example.com:443</c>.</summary>
    public string? Origin { get; }

    /// <summary>The connection the exchange was using, or <see langword="null"/> if it had none yet.</summary>
    public long? ConnectionId { get; }

    /// <summary>The code with which either side ended the HTTP/2 stream or connection (RFC 9113 §7), or <see langword="null"/> if that was not what failed.</summary>
    public Http2ErrorCode? Http2ErrorCode { get; }
}
