using System.Net;

namespace Warmwire;

/// <summary>
/// A failed exchange. It is an <see cref="HttpRequestException"/> with <see cref="HttpRequestException.HttpRequestError"/> set as .NET sets
/// it, so that existing handlers work, and it says as data what the message says in words.
/// </summary>
/// <remarks>
/// Reading a response's stream reports failures as <see cref="HttpIOException"/> (an <see cref="IOException"/>) with one of these inside;
/// where there is an <see cref="Http2ErrorCode"/>, as <see cref="HttpProtocolException"/>, which derives from it. Elsewhere that is the
/// inner exception of such a failure.
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
        bool mayReplay = false,
        bool notProcessed = false,
        Http2ErrorCode? http2ErrorCode = null,
        HttpStatusCode? statusCode = null)
        : base(error, message, inner, statusCode)
    {
        Phase = phase;
        RequestSent = sent;
        Origin = origin;
        ConnectionId = connectionId;
        IsTimeout = isTimeout;
        MayReplay = mayReplay;
        NotProcessed = notProcessed || sent == RequestSent.No;
        Http2ErrorCode = http2ErrorCode;
    }

    /// <summary>
    /// The same failure for another request that shares its cause; an exception is thrown once, so each has one of its own.
    /// </summary>
    internal TransportException ForAnotherRequest() =>
        new(
            HttpRequestError,
            Message,
            InnerException,
            Phase,
            RequestSent,
            Origin,
            ConnectionId,
            IsTimeout,
            MayReplay,
            NotProcessed,
            Http2ErrorCode,
            StatusCode);

    /// <summary>The part of the exchange that failed.</summary>
    public TransportPhase Phase { get; }

    /// <summary>
    /// Whether one of the timeouts of <see cref="PooledHttpHandler"/> or <see cref="TransportOptions"/> ran out. The caller's own token
    /// raises <see cref="OperationCanceledException"/> instead.
    /// </summary>
    public bool IsTimeout { get; }

    /// <summary>How much of the request had been handed to the operating system.</summary>
    public RequestSent RequestSent { get; }

    /// <summary>
    /// Whether the server certainly did nothing with the request: not one byte of it was sent, or the server said so with REFUSED_STREAM or
    /// GOAWAY (RFC 9113 §8.7). Sending it again is then safe whatever its method is. It says nothing of whether a second try would succeed.
    /// </summary>
    /// <value><see langword="false"/> where the server may have acted: then only an idempotent request (RFC 9110 §9.2.2) is safe to send
    /// again.</value>
    public bool NotProcessed { get; }

    /// <summary>
    /// Whether <see cref="ReplayPolicy.Safe"/> permits to send the request again after this failure, were it not for the number of replays:
    /// what a request with <see cref="ReplayPolicy.Never"/> reports, and one under <see cref="ReplayPolicy.Safe"/> does not if a replay
    /// brings a response.
    /// </summary>
    /// <value><see langword="false"/> for a timeout, a request that got no connection, and one whose response had begun.</value>
    public bool IsReplaySafe { get; internal set; }

    /// <summary>Whether sending the request once more, on another connection, may succeed and cannot make the server act twice.</summary>
    internal bool MayReplay { get; }

    /// <summary>The origin the request was for, such as <c>https://api.example.com:443</c>.</summary>
    public string? Origin { get; }

    /// <summary>The connection the exchange was using, or <see langword="null"/> if it had none yet.</summary>
    public long? ConnectionId { get; }

    /// <summary>
    /// The code with which either side ended the HTTP/2 stream or connection (RFC 9113 §7), or <see langword="null"/> if that was not what
    /// failed.
    /// </summary>
    public Http2ErrorCode? Http2ErrorCode { get; }
}
