using Warmwire.Connections;

namespace Warmwire.Dialing;

/// <summary>What all failed dials have in common: nothing of the request was sent, so it may be sent again.</summary>
internal static class DialFailure
{
    public static TransportException Of(Route route, HttpRequestError error, TransportPhase phase, string message, Exception? inner) =>
        new(error, message, inner, phase, RequestSent.No, route.Origin, connectionId: null, mayReplay: true);

    /// <param name="route">Where the dial was for.</param>
    /// <param name="error">What .NET calls the kind of failure.</param>
    /// <param name="phase">Where the dial stood when the time was over.</param>
    /// <param name="message">The text for people.</param>
    /// <param name="cause">What the interrupted work said; its mere cancellation is not worth keeping.</param>
    public static TransportException Timeout(Route route, HttpRequestError error, TransportPhase phase, string message, Exception cause) =>
        new(
            error,
            message,
            new TimeoutException(message, cause is OperationCanceledException ? null : cause),
            phase,
            RequestSent.No,
            route.Origin,
            connectionId: null,
            isTimeout: true,
            mayReplay: true);
}
