using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>Failures of requests that have no connection. Nothing was sent, so all may be repeated.</summary>
internal static class PoolErrors
{
    public static TransportException PendingTimeout(ConnectionKey key, Attempt attempt, int open, int limit, int dialing, int ahead, bool totalLimit)
    {
        string message = ErrorTexts.PendingTimeout(key.Origin, attempt.Settings.PendingRequestTimeout, open, limit, dialing, ahead, totalLimit);
        return Make(key, message, new TimeoutException(message), isTimeout: true);
    }

    public static TransportException TotalTimeout(ConnectionKey key, TimeSpan limit)
    {
        string message = ErrorTexts.TotalTimeout(key.Origin, limit, TransportPhase.Queue);
        return Make(key, message, new TimeoutException(message), isTimeout: true);
    }

    public static TransportException TooManyPending(ConnectionKey key, int pending, int limit, int open) =>
        Make(key, ErrorTexts.TooManyPending(key.Origin, pending, limit, open), inner: null);

    public static TransportException HandlerDisposed(ConnectionKey key) =>
        Make(key, ErrorTexts.HandlerDisposed(key.Origin), new ObjectDisposedException(nameof(PooledHttpHandler)));

    public static TransportException DialAborted(ConnectionKey key, Exception inner) => inner is OperationCanceledException
        ? HandlerDisposed(key)
        : Make(key, inner.Message, inner);

    private static TransportException Make(ConnectionKey key, string message, Exception? inner, bool isTimeout = false) =>
        new(HttpRequestError.ConnectionError, message, inner, TransportPhase.Queue, RequestSent.No, key.Origin, connectionId: null, isTimeout, canRetry: true);
}
