using System.Globalization;

namespace Warmwire.Diagnostics;

/// <summary>The texts a user of the library reads in exceptions. Each names what was wrong and the setting that governs it.</summary>
internal static class ErrorTexts
{
    /// <summary>
    /// The public type that an <see cref="ObjectDisposedException"/> names: the layers below it cannot name it as a type.
    /// </summary>
    public const string HandlerName = "PooledHttpHandler";

    /// <summary>What has set the total time of an exchange, for its text.</summary>
    public const string RequestTimeout = "PooledHttpHandler.RequestTimeout";
    public const string RequestTimeoutOfOptions = "TransportOptions.Timeout";

    public const string SettingsAreFrozen =
        "This handler has already sent a request; its settings cannot be changed any more. Make another handler, or use "
        + "TransportOptions to change settings of one request.";
    public const string MustBePositiveOrInfinite = "The value must be positive and at most 2147483647 ms, or Timeout.InfiniteTimeSpan.";
    public const string MustNotBeNegative = "The value must be zero or positive and at most 2147483647 ms, or Timeout.InfiniteTimeSpan.";
    public const string MustBeDuration = "The value must be zero or positive, or Timeout.InfiniteTimeSpan.";
    public const string MustBeFinite = "The value must be finite.";
    public const string MustBeServerName = "The value must be the name of a host, or an address without brackets.";
    public const string MustBeFraction = "The value must be from 0 to 1.";
    public const string MustBeSecondOrInfinite = "The value must be at least 1 s, or Timeout.InfiniteTimeSpan.";
    public const string MustBeHttp11Or20 = "The version must be 1.1 or 2.0.";

    public const string Cancelled = "The request was cancelled by its caller.";
    public const string UploadStopped =
        "The server has answered, or the exchange has ended, before the whole request body was sent; the rest of it is not wanted.";
    public const string UploadTorn =
        "A write of the request's content was cancelled after a part of it was sent: the request cannot be completed any more.";
    public const string ConcurrentBodyReads = "The response's body is already being read; a stream allows one read at a time.";
    public const string BodyAlreadyRead = "The response's body was already read; it arrives only once. Buffer it, or read it once.";

    public static string MustBeInOrder(int min, int max) =>
        $"AdaptiveConcurrency.MinLimit ({min}) must not be above MaxLimit ({max}).";

    public static string MustBeStreamWindow(int least, int most) => $"The value must be from {least} to {most} bytes.";

    public static string OriginMustBeHttp(Uri origin) =>
        $"'{origin}' is not an absolute http or https URI.";

    public static string RequestUriMustBeHttp(Uri? uri) =>
        uri is null
            ? "The request has no URI."
            : $"The request's URI '{uri}' is not an absolute http or https URI; only these two schemes are supported.";

    public static string VersionNotSupported(Version version, HttpVersionPolicy policy) =>
        $"The request asks for HTTP/{version} with {policy}; HTTP/2, 1.1 and 1.0 are supported. Use "
        + (policy == HttpVersionPolicy.RequestVersionOrLower ? "" : "HttpVersionPolicy.RequestVersionOrLower, or ")
        + "one of these versions.";

    /// <summary>For the inner exception that has .NET's type; the outer one says where.</summary>
    public const string EndedTooEarly = "The server closed the connection before the response was complete.";

    public static string Http2Refused(string origin, Version version, HttpVersionPolicy policy) =>
        $"{origin} chose HTTP/1.1, and the request asks for HTTP/{version} with {policy}. Nothing was sent. Use "
        + "HttpVersionPolicy.RequestVersionOrLower to accept what the server speaks.";

    public static string ExtendedConnectNotSupported(string origin) =>
        $"The request is an extended CONNECT (RFC 8441), which only HTTP/2 can carry, and {origin} is spoken to with HTTP/1.1. Nothing "
        + "was sent.";

    public static string ClosedBeforeUse(string origin, long connection, CloseReason? reason) =>
        $"Connection {connection} to {origin} was opened, and closed before it took a request{(reason is { } why ? $": {why}" : "")}. "
        + "Nothing was sent.";

    public static string ContentLongerThanPromised(long promised) =>
        $"The request's content wrote more than the {promised} bytes its Content-Length promised.";

    public static string ContentShorterThanPromised(long promised, long written) =>
        $"The request's content wrote {written} bytes; its Content-Length promised {promised}.";

    public static string ConnectionGone(string origin, long connection, CloseReason reason) => reason == CloseReason.Disposed
        ? $"The handler was disposed while a request to {origin} was under way (connection {connection})."
        : $"Connection {connection} to {origin} was closed while a request was under way: {reason}.";

    public static string BodyGone(string origin, long connection) =>
        $"The response's body from {origin} cannot be read on: connection {connection} was closed, or an earlier read failed or was "
        + "cancelled.";

    public static string ServerClosed(
        string origin, long connection, TransportPhase phase, bool responseStarted, bool reused, RequestSent sent) =>
        phase == TransportPhase.ReadBody
        ? $"{origin} closed connection {connection} in the middle of the response's body."
        : $"{origin} closed connection {connection} {(responseStarted ? "in the middle of the response's head" : "without a response")} "
            + $"(the connection was {(reused ? "reused" : "fresh")}, the request {Describe(sent)}).";

    public static string ReadFailed(string origin, long connection, TransportPhase phase, Exception inner) =>
        $"Reading the response's {(phase == TransportPhase.ReadBody ? "body" : "head")} from {origin} failed (connection {connection}): "
        + $"{inner.Message}";

    public static string WriteFailed(string origin, long connection, Exception inner) =>
        $"Writing the request to {origin} failed, and no response came (connection {connection}): {inner.Message}";

    public static string RequestStalled(string origin, long connection, int status, TimeSpan limit) =>
        $"{origin} answered {status} before it had the whole request, and then took nothing more of it for {Seconds(limit)} (connection "
        + $"{connection}); its success is not believed.";

    public static string ContentFailed(string origin, Exception inner) =>
        $"The content of the request to {origin} failed while it was sent: {inner.Message}";

    public static string InvalidResponse(string origin, long connection, string what, string? setting) =>
        $"{origin} sent a response that {(setting is null ? "breaks HTTP/1.1" : "passes a limit")} (connection {connection}, now "
        + $"closed): {what.TrimEnd('.')}.{(setting is null ? "" : $" See {setting}.")}";

    public static string ResponseHeadersTimeout(string origin, long connection, TimeSpan limit) =>
        $"{origin} sent no response within {Seconds(limit)} after the request's last byte (connection {connection}); see "
        + "PooledHttpHandler.ResponseHeadersTimeout.";

    public static string ResponseBodyIdleTimeout(string origin, long connection, TimeSpan limit) =>
        $"{origin} sent nothing of the response's body for {Seconds(limit)} (connection {connection}); see "
        + "PooledHttpHandler.ResponseBodyIdleTimeout.";

    public static string TotalTimeout(string origin, TimeSpan limit, TransportPhase phase, string setting) =>
        $"The exchange with {origin} was not over within {Seconds(limit)}; it stood at {phase}. See {setting}.";

    public static string PendingTimeout(string origin, TimeSpan waited, int open, int limit, int dialing, int ahead, bool totalLimit) =>
        $"Waited {Seconds(waited)} for {Connections(open, limit, dialing, totalLimit)} to {origin}{State(open, dialing)}, "
        + $"{Count(ahead, "request")} ahead; see PooledHttpHandler.PendingRequestTimeout.";

    public static string PendingStreamTimeout(string origin, TimeSpan waited, long streams, int connections, int dialing, int ahead) =>
        $"Waited {Seconds(waited)} for {OneOfStreams(streams, connections)} to "
        + $"{origin}{(dialing > 0 ? $", all in use, {Count(dialing, "connection")} being opened" : ", all in use")}, "
        + $"{Count(ahead, "request")} ahead; see PooledHttpHandler.PendingRequestTimeout, MaxConnectionsPerServer and "
        + "EnableMultipleHttp2Connections.";

    public static string TooManyPendingForStreams(string origin, int pending, int limit, long streams, int connections) =>
        $"{Count(pending, "request")} already {(pending == 1 ? "waits" : "wait")} for {OneOfStreams(streams, connections)} to {origin}, "
        + $"all in use; see PooledHttpHandler.MaxPendingRequestsPerServer ({limit}), MaxConnectionsPerServer and "
        + "EnableMultipleHttp2Connections.";

    public static string TooManyPending(string origin, int pending, int limit, int open) =>
        $"{Count(pending, "request")} already {(pending == 1 ? "waits" : "wait")} for "
        + $"{(open == 1 ? "the one connection" : $"one of {open} connections")} to {origin}, all busy; see "
        + $"PooledHttpHandler.MaxPendingRequestsPerServer ({limit}).";

    public static string HandlerDisposed(string origin) =>
        $"The handler was disposed while a request was waiting for a connection to {origin}.";

    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0##} s");

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string OneOfStreams(long streams, int connections) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{(streams == 1 ? "the one stream" : $"one of {streams} streams")} on {Count(connections, "connection")}");

    private static string Connections(int open, int limit, int dialing, bool totalLimit) =>
        totalLimit ? "a connection, all of PooledHttpHandler.MaxConnections in use,"
        : limit == int.MaxValue ? $"a connection ({open} open, {dialing} being opened)"
        : limit == 1 ? "the one connection"
        : $"one of {limit} connections";

    private static string State(int open, int dialing) => dialing > 0 && open == 0 ? ", still being opened" : ", all busy";

    private static string Describe(RequestSent sent) => sent switch
    {
        RequestSent.No => "not sent",
        RequestSent.Partly => "partly sent",
        _ => "fully sent",
    };
}
