using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;

namespace Warmwire.Dialing;

/// <summary>What all failed dials have in common: nothing of the request was sent, so it may be sent again.</summary>
internal static class DialFailure
{
    public static TransportException Of(Route route, HttpRequestError error, TransportPhase phase, string message, Exception? inner) =>
        new(error, message, inner, phase, RequestSent.No, route.Origin, connectionId: null, mayReplay: true);

    /// <summary>A proxy has refused the tunnel with this status.</summary>
    public static TransportException OfProxy(Route route, string message, HttpStatusCode status) =>
        new(
            HttpRequestError.ProxyTunnelError,
            message,
            inner: null,
            TransportPhase.Proxy,
            RequestSent.No,
            route.Origin,
            connectionId: null,
            mayReplay: true,
            statusCode: status);

    /// <param name="route">Where the dial was for.</param>
    /// <param name="error">What .NET calls the kind of failure.</param>
    /// <param name="phase">Where the dial stood when the time was over.</param>
    /// <param name="message">The text for people.</param>
    /// <param name="cause">What the interrupted work said; its mere cancellation is not worth keeping.</param>
    /// <remarks>
    /// Retry predicates look for a <see cref="SocketException"/> to tell a server that cannot be reached, so there is one inside; that is
    /// what the operating system's own timeout gives.
    /// </remarks>
    public static TransportException Timeout(Route route, HttpRequestError error, TransportPhase phase, string message, Exception cause) =>
        new(
            error,
            message,
            new TimeoutException(message, HasSocketError(cause) ? cause : new SocketException((int)SocketError.TimedOut)),
            phase,
            RequestSent.No,
            route.Origin,
            connectionId: null,
            isTimeout: true,
            mayReplay: true);

    private static bool HasSocketError(Exception? e)
    {
        while (e is not null and not SocketException)
        {
            e = e.InnerException;
        }

        return e is not null;
    }
}
