using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>Failures of requests that have no connection. Nothing was sent, so all may be repeated.</summary>
internal static class PoolErrors
{
    public static TransportException PendingTimeout(Route key, Attempt attempt, int open, int limit, int dialing, int ahead, bool totalLimit)
    {
        string message = ErrorTexts.PendingTimeout(key.Origin, attempt.Settings.PendingRequestTimeout, open, limit, dialing, ahead, totalLimit);
        return Make(key, message, new TimeoutException(message), isTimeout: true);
    }

    public static TransportException TotalTimeout(Route key, TimeSpan limit)
    {
        string message = ErrorTexts.TotalTimeout(key.Origin, limit, TransportPhase.Queue);
        return Make(key, message, new TimeoutException(message), isTimeout: true);
    }

    public static TransportException PendingStreamTimeout(Route key, Attempt attempt, long streams, int connections, int dialing, int ahead)
    {
        string message = ErrorTexts.PendingStreamTimeout(key.Origin, attempt.Settings.PendingRequestTimeout, streams, connections, dialing, ahead);
        return Make(key, message, new TimeoutException(message), isTimeout: true);
    }

    /// <param name="key">The origin.</param>
    /// <param name="pending">How many wait.</param>
    /// <param name="limit">How many may.</param>
    /// <param name="open">The open connections.</param>
    /// <param name="streams">How many requests those that speak HTTP/2 serve together; zero if there are none.</param>
    public static TransportException TooManyPending(Route key, int pending, int limit, int open, long streams) =>
        Make(key, streams > 0 ? ErrorTexts.TooManyPendingForStreams(key.Origin, pending, limit, streams, open) : ErrorTexts.TooManyPending(key.Origin, pending, limit, open), inner: null);

    /// <summary>A connection was opened and closed again before anybody could use it.</summary>
    public static TransportException ClosedBeforeUse(Route key, HttpConnection connection, CloseReason? reason) =>
        new(HttpRequestError.ConnectionError, ErrorTexts.ClosedBeforeUse(key.Origin, connection.Id, reason), inner: null, TransportPhase.Connect, RequestSent.No,
            key.Origin, connection.Id, mayReplay: true);

    /// <summary>The server speaks HTTP/1.1, which will not do for the request. Asking again would not help.</summary>
    public static TransportException Http2Refused(Route key, Attempt attempt) => attempt.IsExtendedConnect
        ? ExtendedConnectNotSupported(key.Origin)
        : new(HttpRequestError.VersionNegotiationError, ErrorTexts.Http2Refused(key.Origin, attempt.Request.Version, attempt.Request.VersionPolicy), inner: null,
            TransportPhase.Tls, RequestSent.No, key.Origin, connectionId: null);

    /// <summary>ClientWebSocket knows this error and asks again with HTTP/1.1.</summary>
    public static TransportException ExtendedConnectNotSupported(string origin) =>
        new(HttpRequestError.ExtendedConnectNotSupported, ErrorTexts.ExtendedConnectNotSupported(origin), inner: null, TransportPhase.Tls, RequestSent.No, origin, connectionId: null);

    public static TransportException HandlerDisposed(Route key) =>
        Make(key, ErrorTexts.HandlerDisposed(key.Origin), new ObjectDisposedException(ErrorTexts.HandlerName));

    public static TransportException DialAborted(Route key, Exception inner) => inner is OperationCanceledException
        ? HandlerDisposed(key)
        : Make(key, inner.Message, inner);

    private static TransportException Make(Route key, string message, Exception? inner, bool isTimeout = false) =>
        new(HttpRequestError.ConnectionError, message, inner, TransportPhase.Queue, RequestSent.No, key.Origin, connectionId: null, isTimeout, mayReplay: true);
}
