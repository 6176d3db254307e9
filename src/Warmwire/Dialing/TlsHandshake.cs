using System.Net.Security;
using System.Security.Authentication;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>The step of a dial that turns a connected stream into an authenticated one.</summary>
internal sealed class TlsHandshake(HandlerSettings settings)
{
    private readonly TlsOptions _options = new(settings);

    /// <summary>Takes over <paramref name="inner"/>: it is disposed with the result, or before a failure is thrown.</summary>
    /// <param name="inner">The connected stream.</param>
    /// <param name="request">What is dialed.</param>
    /// <param name="begun">Timestamp of the dial's beginning.</param>
    /// <param name="cancellationToken">The pool's.</param>
    /// <param name="proxy">With whom, if not with the server.</param>
    public async Task<SslStream> RunAsync(
        Stream inner, DialRequest request, long begun, CancellationToken cancellationToken, ProxyHop? proxy = null)
    {
        request.Progress.Phase = TransportPhase.Tls;
        var stream = new SslStream(inner, leaveInnerStreamOpen: false);
        TimeSpan limit = LimitOf(request, begun, out bool isConnectTimeout);
        using var deadline = new DialDeadline(limit, settings.TimeProvider, cancellationToken);
        UserCode.Tell(request.Trace?.TlsHandshakeStart);
        try
        {
            SslClientAuthenticationOptions options = proxy is null
                ? _options.For(request.Route, request.Http1Only, request.Caller)
                : _options.For(proxy, request.Caller);
            await deadline.WaitAsync(AuthenticateAsync(stream, options, deadline.Token)).ConfigureAwait(false);
            Check(stream);
        }
        catch (Exception e)
        {
            // This also ends a handshake whose stream does not look at its token.
            DialDeadline.DisposeQuietly(stream);
            TransportException failure = Explain(e, request, proxy, deadline, isConnectTimeout);
            UserCode.Tell<SslStream?, Exception?>(request.Trace?.TlsHandshakeDone, null, failure);
            deadline.ThrowIfPoolCancelled();
            throw failure;
        }

        UserCode.Tell<SslStream?, Exception?>(request.Trace?.TlsHandshakeDone, stream, null);
        return stream;
    }

    /// <summary>
    /// The time for the handshake: its own, or what the connect has left of its time where nobody has set one. Who sets half a second to
    /// connect does not wait for ten.
    /// </summary>
    private TimeSpan LimitOf(DialRequest request, long begun, out bool isConnectTimeout)
    {
        isConnectTimeout = false;
        TimeSpan limit = request.TlsHandshakeTimeout;
        if (!request.ConnectTimeoutBoundsTls || request.ConnectTimeout == Timeout.InfiniteTimeSpan)
        {
            return limit;
        }

        TimeSpan left = request.ConnectTimeout - settings.TimeProvider.GetElapsedTime(begun);
        isConnectTimeout = left < limit;
        return !isConnectTimeout ? limit : left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Takes a stream that a <see cref="PooledHttpHandler.ConnectCallback"/> has authenticated, with what it negotiated.</summary>
    /// <exception cref="TransportException">It cannot serve the request: the caller keeps the stream.</exception>
    public static SslStream Accept(SslStream stream, DialRequest request)
    {
        Route route = request.Route;
        try
        {
            Check(stream);
            if (IsHttp2(stream) && (request.Http1Only || route.Protocols == ProtocolOffer.Http1))
            {
                throw new AuthenticationException(DialErrorTexts.Http2WasNotAsked);
            }
        }
        catch (AuthenticationException e)
        {
            string message = DialErrorTexts.CallbackTlsUnfit(route.HostAndPort, e);
            throw DialFailure.Of(route, HttpRequestError.SecureConnectionError, TransportPhase.Tls, message, e);
        }

        return stream;
    }

    /// <summary>Whether the server has chosen HTTP/2.</summary>
    public static bool IsHttp2(SslStream stream) => stream.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2;

    private static void Check(SslStream stream)
    {
        if (IsHttp2(stream) && !MayCarryHttp2(stream))
        {
            throw new AuthenticationException(DialErrorTexts.Http2NeedsTls12(stream.SslProtocol.ToString()));
        }
    }

    /// <summary>RFC 9113 §9.2: TLS 1.2 or higher. The platform names the versions; what it does not name is newer.</summary>
#pragma warning disable CA5397, CS0618, SYSLIB0039 // The old versions are named to refuse them.
    private static bool MayCarryHttp2(SslStream stream) =>
        stream.SslProtocol is not (SslProtocols.Ssl2 or SslProtocols.Ssl3 or SslProtocols.Tls or SslProtocols.Tls11);
#pragma warning restore CA5397, CS0618, SYSLIB0039

    private static async Task<bool> AuthenticateAsync(
        SslStream stream, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private static TransportException Explain(
        Exception e, DialRequest request, ProxyHop? proxy, DialDeadline deadline, bool isConnectTimeout)
    {
        Route route = request.Route;
        HostAndPort peer = proxy is null ? route.HostAndPort : route.DialedHost;
        string target = proxy is null ? TlsOptions.TargetNameFor(route) : TlsOptions.TargetNameFor(proxy);
        return deadline.Expired
            ? DialFailure.Timeout(
                route,
                HttpRequestError.SecureConnectionError,
                TransportPhase.Tls,
                isConnectTimeout
                    ? DialErrorTexts.TlsTimedOutConnecting(peer, target, request.ConnectTimeout)
                    : DialErrorTexts.TlsTimedOut(peer, target, request.TlsHandshakeTimeout),
                e)
            : DialFailure.Of(
                route,
                HttpRequestError.SecureConnectionError,
                TransportPhase.Tls,
                NoTlsServer.Is(e)
                    ? DialErrorTexts.ServerWithoutTls(peer)
                    : DialErrorTexts.TlsFailed(peer, target, e),
                e);
    }
}
