using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>Failures of requests that have no connection. Nothing was sent, so all may be repeated.</summary>
internal static class PoolErrors
{
    public static TransportException PendingTimeout(Route route, Attempt attempt, int open, int limit, int dialing, int ahead,
        bool totalLimit)
    {
        string message = ErrorTexts.PendingTimeout(route.Origin, attempt.Settings.PendingRequestTimeout, open, limit, dialing, ahead,
            totalLimit);
        return Make(route, message, new TimeoutException(message), isTimeout: true);
    }

    public static TransportException TotalTimeout(Route route, TotalDeadline total, TransportPhase phase)
    {
        string message = ErrorTexts.TotalTimeout(route.OriginAndProxy, total.Limit, phase, total.Setting);
        return Make(route, message, new TimeoutException(message), isTimeout: true, phase);
    }

    public static TransportException PendingStreamTimeout(Route route, Attempt attempt, long streams, int connections, int dialing,
        int ahead)
    {
        string message = ErrorTexts.PendingStreamTimeout(route.Origin, attempt.Settings.PendingRequestTimeout, streams, connections,
            dialing, ahead);
        return Make(route, message, new TimeoutException(message), isTimeout: true);
    }

    /// <param name="route">The origin.</param>
    /// <param name="pending">How many wait.</param>
    /// <param name="limit">How many may.</param>
    /// <param name="open">The open connections.</param>
    /// <param name="streams">How many requests those that speak HTTP/2 serve together; zero if there are none.</param>
    public static TransportException TooManyPending(Route route, int pending, int limit, int open, long streams) =>
        Make(route, streams > 0 ? ErrorTexts.TooManyPendingForStreams(route.Origin, pending, limit, streams, open)
            : ErrorTexts.TooManyPending(route.Origin, pending, limit, open), inner: null);

    /// <summary>A request has waited for an exchange to end, under a limit that follows latency.</summary>
    public static TransportException PendingLimitTimeout(Route route, Attempt attempt, ConcurrencySnapshot limit, int ahead)
    {
        string message = ConcurrencyErrorTexts.PendingTimeout(route.Origin, attempt.Settings.PendingRequestTimeout, limit, ahead);
        return Make(route, message, new TimeoutException(message), isTimeout: true);
    }

    public static TransportException TooManyPendingForLimit(Route route, int pending, int limit, int underWay, int atATime) =>
        Make(route, ConcurrencyErrorTexts.TooManyPending(route.Origin, pending, limit, underWay, atATime), inner: null);

    /// <summary>A connection was opened and closed again before a request could use it.</summary>
    public static TransportException ClosedBeforeUse(Route route, HttpConnection connection, CloseReason? reason) =>
        new(HttpRequestError.ConnectionError, ErrorTexts.ClosedBeforeUse(route.Origin, connection.Id, reason), inner: null,
            TransportPhase.Connect, RequestSent.No,
            route.Origin, connection.Id, mayReplay: true);

    /// <summary>The server speaks HTTP/1.1, which will not do for the request. Asking again would not help.</summary>
    public static TransportException Http2Refused(Route route, Attempt attempt) => attempt.IsExtendedConnect
        ? ExtendedConnectNotSupported(route.Origin)
        : new(HttpRequestError.VersionNegotiationError,
            ErrorTexts.Http2Refused(route.Origin, attempt.Request.Version, attempt.Request.VersionPolicy), inner: null,
            TransportPhase.Tls, RequestSent.No, route.Origin, connectionId: null);

    /// <summary>ClientWebSocket knows this error and asks again with HTTP/1.1.</summary>
    public static TransportException ExtendedConnectNotSupported(string origin) =>
        new(HttpRequestError.ExtendedConnectNotSupported, ErrorTexts.ExtendedConnectNotSupported(origin), inner: null, TransportPhase.Tls,
            RequestSent.No, origin, connectionId: null);

    public static TransportException HandlerDisposed(Route route) =>
        Make(route, ErrorTexts.HandlerDisposed(route.Origin), new ObjectDisposedException(ErrorTexts.HandlerName));

    public static TransportException DialAborted(Route route, Exception inner) => inner is OperationCanceledException
        ? HandlerDisposed(route)
        : Make(route, inner.Message, inner);

    private static TransportException Make(
        Route route, string message, Exception? inner, bool isTimeout = false, TransportPhase phase = TransportPhase.Queue) =>
        new(HttpRequestError.ConnectionError, message, inner, phase, RequestSent.No, route.Origin, connectionId: null, isTimeout,
            mayReplay: true);
}
