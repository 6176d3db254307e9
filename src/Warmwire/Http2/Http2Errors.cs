using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>The failures of an exchange that only HTTP/2 knows, with their data.</summary>
internal static class Http2Errors
{
    public static TransportException NoSlot(Http2Connection connection, Http2Stream stream, Attempt? attempt, int limit) =>
        Make(
            HttpRequestError.ConnectionError,
            Http2ErrorTexts.NoFreeSlot(connection.Route.OriginAndProxy, connection.Id, limit),
            connection, stream, attempt, code: null);

    public static TransportException StreamReset(Http2Connection connection, Http2Stream stream, Attempt? attempt, Http2ErrorCode code)
    {
        string origin = connection.Route.OriginAndProxy;
        string message = code == Http2ErrorCode.RefusedStream
            ? Http2ErrorTexts.StreamRefused(origin, connection.Id, code)
            : Http2ErrorTexts.StreamReset(origin, connection.Id, code);
        return Make(HttpRequestError.HttpProtocolError, message, connection, stream, attempt, code);
    }

    public static TransportException NotAccepted(
        Http2Connection connection, Http2Stream stream, Attempt? attempt, Http2ErrorCode code, string debugData) =>
        Make(
            HttpRequestError.HttpProtocolError,
            Http2ErrorTexts.NotAcceptedBeforeGoAway(connection.Route.OriginAndProxy, connection.Id, code, debugData),
            connection, stream, attempt, code);

    public static TransportException ConnectionEnded(
        Http2Connection connection, Http2Stream stream, Attempt? attempt, Http2ErrorCode code, string debugData) =>
        Make(
            HttpRequestError.HttpProtocolError,
            Http2ErrorTexts.ConnectionEnded(connection.Route.OriginAndProxy, connection.Id, code, debugData),
            connection, stream, attempt, code);

    public static TransportException ConnectionBroken(
        Http2Connection connection, Http2Stream stream, Attempt? attempt, Http2ConnectionException error) =>
        Make(
            HttpRequestError.HttpProtocolError,
            Http2ErrorTexts.ConnectionBroken(connection.Route.OriginAndProxy, connection.Id, error.Code, error.Message),
            connection, stream, attempt, error.Code);

    public static TransportException InvalidResponse(
        Http2Connection connection, Http2Stream stream, Attempt? attempt, HttpRequestError error, Http2ErrorCode code, string what,
        string? setting) =>
        Make(setting is null ? error : HttpRequestError.ConfigurationLimitExceeded,
            Http2ErrorTexts.InvalidResponse(connection.Route.OriginAndProxy, connection.Id, what, setting),
            connection, stream, attempt, setting is null ? code : null);

    public static TransportException ServerClosed(Http2Connection connection, Http2Stream stream, Attempt? attempt) =>
        attempt is not null
            ? TransportErrors.ServerClosed(connection, attempt, PhaseOf(stream, attempt))
            : Make(HttpRequestError.ResponseEnded,
                ErrorTexts.ServerClosed(connection.Route.OriginAndProxy, connection.Id, TransportPhase.ReadBody, responseStarted: true,
                reused: true, RequestSent.Fully), connection, stream, attempt, code: null,
                new HttpIOException(HttpRequestError.ResponseEnded, ErrorTexts.EndedTooEarly));

    public static TransportException ReadFailed(Http2Connection connection, Http2Stream stream, Attempt? attempt, Exception inner)
    {
        TransportPhase phase = PhaseOf(stream, attempt);
        string message = ErrorTexts.ReadFailed(connection.Route.OriginAndProxy, connection.Id, phase, inner);
        return Make(TransportErrors.KindOf(inner), message, connection, stream, attempt, code: null, TransportErrors.TheirsIn(inner));
    }

    public static TransportException WriteFailed(Http2Connection connection, Http2Stream stream, Attempt? attempt, Exception inner) =>
        Make(
            HttpRequestError.Unknown,
            ErrorTexts.WriteFailed(connection.Route.OriginAndProxy, connection.Id, inner),
            connection, stream, attempt, code: null, inner);

    public static TransportException Congested(Http2Connection connection, Http2Stream stream, Attempt? attempt) =>
        Make(
            HttpRequestError.Unknown,
            Http2ErrorTexts.Congested(connection.Route.OriginAndProxy, connection.Id, Http2Limits.PendingRequestBytes),
            connection, stream, attempt, code: null, inner: null);

    public static TransportException UploadStalled(Http2Connection connection, Http2Stream stream, Attempt? attempt, TimeSpan limit)
    {
        string message = Http2ErrorTexts.UploadStalled(connection.Route.OriginAndProxy, connection.Id, limit);
        return Make(HttpRequestError.Unknown, message, connection, stream, attempt, code: null, new TimeoutException(message));
    }

    public static TransportException PingUnanswered(Http2Connection connection, Http2Stream stream, Attempt? attempt, TimeSpan limit)
    {
        string message = Http2ErrorTexts.PingUnanswered(connection.Route.OriginAndProxy, connection.Id, limit);
        return Make(HttpRequestError.ConnectionError, message, connection, stream, attempt, code: null, new TimeoutException(message));
    }

    public static TransportException Gone(Http2Connection connection, Http2Stream stream, Attempt? attempt, CloseReason reason)
    {
        ObjectDisposedException? disposed = reason == CloseReason.Disposed ? new ObjectDisposedException(ErrorTexts.HandlerName) : null;
        string origin = connection.Route.OriginAndProxy;
        string message = attempt is null && reason != CloseReason.Disposed
            ? ErrorTexts.BodyGone(origin, connection.Id)
            : ErrorTexts.ConnectionGone(origin, connection.Id, reason);
        HttpRequestError error = attempt is null ? HttpRequestError.ResponseEnded : HttpRequestError.Unknown;
        return Make(error, message, connection, stream, attempt, code: null, disposed);
    }

    private static TransportPhase PhaseOf(Http2Stream stream, Attempt? attempt) =>
        attempt is null || stream.HasHead ? TransportPhase.ReadBody
        : attempt.Progress.Sent == RequestSent.Fully ? TransportPhase.ReadHeaders
        : TransportPhase.WriteRequest;

    private static TransportException Make(
        HttpRequestError error, string message, Http2Connection connection, Http2Stream stream, Attempt? attempt, Http2ErrorCode? code,
        Exception? inner = null)
    {
        RequestSent sent = attempt?.Progress.Sent ?? RequestSent.Fully;
        bool mayReplay = attempt is not null
            && (sent == RequestSent.No || attempt.Progress.NotProcessed || IdempotentMethods.MayRepeat(attempt.Request));

        // As in .NET, so that libraries that look for it find it.
        inner ??= code is { } known ? new HttpProtocolException((long)known, message, innerException: null) : null;
        return new TransportException(
            error, message, inner, PhaseOf(stream, attempt), sent, connection.Route.Origin, connection.Id,
            isTimeout: false, mayReplay, attempt?.Progress.NotProcessed == true, code);
    }
}
