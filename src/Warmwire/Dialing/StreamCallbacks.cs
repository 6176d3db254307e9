using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Runtime;

namespace Warmwire.Dialing;

/// <summary>
/// The two steps of a dial that are the user's: <see cref="PooledHttpHandler.ConnectCallback"/> and
/// <see cref="PooledHttpHandler.PlaintextStreamFilter"/>.
/// </summary>
/// <remarks>A wait for them ends in time whatever they do, unless they block the thread that calls them.</remarks>
internal static class StreamCallbacks
{
    public static async Task<Stream> ConnectAsync(
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> callback,
        DialRequest request,
        DialDeadline deadline)
    {
        Route route = request.Route;
        var endPoint = new DnsEndPoint(route.DialedHost.Host, route.DialedHost.Port);
        UserCode.Tell<EndPoint>(request.Trace?.ConnectStart, endPoint);
        TransportException failure;
        try
        {
            SocketsHttpConnectionContext context =
                CallbackContexts.ForConnect(endPoint, InitialRequest(request), request.ConnectionId);
            Task<Stream> making = CallerContext.Run(request.Caller, () => callback(context, deadline.Token).AsTask());
            Stream? stream = await deadline.WaitAsync(making).ConfigureAwait(false);
            if (stream is not null)
            {
                UserCode.Tell<EndPoint, Exception?>(request.Trace?.ConnectDone, endPoint, null);
                return request.IsSynchronous && stream is not (NetworkStream or SslStream) ? new BlockingStream(stream) : stream;
            }

            failure = Failure(route, DialErrorTexts.ConnectCallbackGaveNull(route.DialedHost), inner: null);
        }
        catch (Exception e)
        {
            failure = deadline.Expired
                ? Timeout(route, DialErrorTexts.ConnectCallbackTimedOut(route.DialedHost, request.ConnectTimeout), e)
                : Failure(route, DialErrorTexts.ConnectCallbackFailed(route.DialedHost, e), e);
        }

        UserCode.Tell<EndPoint, Exception?>(request.Trace?.ConnectDone, endPoint, failure);
        deadline.ThrowIfPoolCancelled();
        throw failure;
    }

    /// <summary>The caller keeps <paramref name="stream"/> and disposes it if this fails.</summary>
    public static async Task<Stream> FilterAsync(
        Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>> filter,
        Stream stream,
        bool isHttp2,
        DialRequest request,
        DialDeadline deadline)
    {
        Route route = request.Route;
        TransportException failure;
        try
        {
            SocketsHttpPlaintextStreamFilterContext context = CallbackContexts.ForFilter(
                stream, isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11, InitialRequest(request), request.ConnectionId);
            Task<Stream> wrapping = CallerContext.Run(request.Caller, () => filter(context, deadline.Token).AsTask());
            Stream? filtered = await deadline.WaitAsync(wrapping).ConfigureAwait(false);
            if (filtered is not null)
            {
                return filtered;
            }

            failure = Failure(route, DialErrorTexts.FilterGaveNull(route.HostAndPort), inner: null);
        }
        catch (Exception e)
        {
            failure = deadline.Expired
                ? Timeout(route, DialErrorTexts.FilterTimedOut(route.HostAndPort, request.ConnectTimeout), e)
                : Failure(route, DialErrorTexts.FilterFailed(route.HostAndPort, e), e);
        }

        deadline.ThrowIfPoolCancelled();
        throw failure;
    }

    private static HttpRequestMessage InitialRequest(DialRequest request) =>
        request.InitialRequest ?? new HttpRequestMessage(HttpMethod.Get, request.Route.Origin + "/");

    private static TransportException Failure(Route route, string message, Exception? inner) =>
        DialFailure.Of(route, HttpRequestError.ConnectionError, TransportPhase.Connect, message, inner);

    private static TransportException Timeout(Route route, string message, Exception cause) =>
        DialFailure.Timeout(route, HttpRequestError.ConnectionError, TransportPhase.Connect, message, cause);
}
