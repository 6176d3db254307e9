using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Settings;
using Warmwire.Sockets;

namespace Warmwire.Dialing;

/// <summary>The first step of a dial over a Unix domain socket: there is no name and no choice of addresses.</summary>
internal sealed class UnixSocketDial(HandlerSettings settings)
{
    /// <summary>The first pause while the server has no room for one more connection; each further one is twice as long.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);

    /// <summary>The longest one.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    private readonly Func<UnixDomainSocketEndPoint, CancellationToken, Task<Stream>> _connect =
        settings.ConnectUnix ?? ((endPoint, token) => SocketConnector.ConnectAsync(endPoint, settings.SocketBackEnd, token));

    public async Task<Stream> ConnectAsync(UnixDomainSocketEndPoint socket, DialRequest request, DialDeadline deadline)
    {
        Route route = request.Route;
        UserCode.Tell(request.Trace?.ConnectStart, socket);
        TransportException failure;
        var full = new FullLine();
        try
        {
            Stream stream = await deadline.WaitAsync(ConnectAsync(socket, full, deadline.Token)).ConfigureAwait(false);
            UserCode.Tell<EndPoint, Exception?>(request.Trace?.ConnectDone, socket, null);
            return stream;
        }
        catch (Exception e)
        {
            failure = deadline.Expired
                ? DialFailure.Timeout(
                    route,
                    HttpRequestError.ConnectionError,
                    TransportPhase.Connect,
                    UnixSocketErrorTexts.ConnectTimedOut(route.UnixSocketPath!, route.Origin, request.ConnectTimeout, full.Attempts),
                    e)
                : DialFailure.Of(
                    route,
                    HttpRequestError.ConnectionError,
                    TransportPhase.Connect,
                    UnixSocketErrorTexts.ConnectFailed(route.UnixSocketPath!, route.Origin, e),
                    e);
        }

        UserCode.Tell<EndPoint, Exception?>(request.Trace?.ConnectDone, socket, failure);
        deadline.ThrowIfPoolCancelled();
        throw failure;
    }

    /// <summary>Connects, waiting for the server to have room.</summary>
    /// <remarks>
    /// Story: a server of twenty workers is slow for a moment, and its line of connections to be accepted is full. Over TCP the system
    /// tries again by itself. A connect to a Unix domain socket waits only where it may block: one that may not fails at once, with
    /// EAGAIN, and nothing tells when there is room. So it is tried again, until the time to connect is over.
    /// </remarks>
    private async Task<Stream> ConnectAsync(UnixDomainSocketEndPoint socket, FullLine full, CancellationToken cancellationToken)
    {
        TimeSpan pause = FirstPause;
        while (true)
        {
            try
            {
                return await _connect(socket, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                full.Attempts++;
            }

            await Task.Delay(pause, settings.TimeProvider, cancellationToken).ConfigureAwait(false);
            pause = pause + pause < LongestPause ? pause + pause : LongestPause;
        }
    }

    /// <summary>How often the server had no room.</summary>
    private sealed class FullLine
    {
        public int Attempts { get; set; }
    }
}
