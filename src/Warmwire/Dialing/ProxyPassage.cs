using System.Net;
using System.Net.Security;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>
/// The steps of one dial that a proxy adds: TLS with the proxy, and the tunnel through it.
/// </summary>
/// <remarks>
/// <code>
/// TCP ─► TLS with the proxy (https://) ─► CONNECT or SOCKS ─► TLS with the server …
///        └ TlsHandshakeTimeout            └ what is left of ConnectTimeout
///
/// forwarding: ends before CONNECT. 407 with Connection: close: once more from TCP on.
/// </code>
/// </remarks>
internal sealed class ProxyPassage : IDisposable
{
    private readonly HandlerSettings _settings;
    private readonly TlsHandshake _tls;
    private readonly DialRequest _request;
    private readonly ProxyHop _proxy;
    private readonly ConnectTunnel _tunnel;
    private readonly long _begun;
    private Task _asking = Task.CompletedTask;

    public ProxyPassage(HandlerSettings settings, TlsHandshake tls, DialRequest request, ProxyHop proxy, long begun)
    {
        _settings = settings;
        _tls = tls;
        _request = request;
        _proxy = proxy;
        _tunnel = new ConnectTunnel(settings, request, proxy);
        _begun = begun;
    }

    /// <summary>How long the handshakes with the proxy took.</summary>
    public TimeSpan TlsTime { get; private set; }

    /// <summary>What is known of the TLS channel to the proxy; <see langword="null"/> without TLS.</summary>
    public TransportContext? Channel { get; private set; }

    /// <summary>What is left of the time to connect. The handshake with the proxy has a time of its own.</summary>
    public TimeSpan TimeLeft
    {
        get
        {
            TimeSpan limit = _request.ConnectTimeout;
            if (limit == Timeout.InfiniteTimeSpan)
            {
                return limit;
            }

            TimeSpan left = limit - (_settings.TimeProvider.GetElapsedTime(_begun) - TlsTime);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>
    /// Passes the proxy on a connection to it. <see langword="false"/>: it wants a new connection, and to be asked again.
    /// </summary>
    /// <param name="layers">The connection, which stays the caller's to dispose.</param>
    /// <param name="cancellationToken">The pool's.</param>
    /// <exception cref="TransportException">The proxy refuses, fails or is too slow.</exception>
    public async Task<bool> OpenAsync(DialedLayers layers, CancellationToken cancellationToken)
    {
        if (_proxy.Kind == ProxyKind.Https)
        {
            long start = _settings.TimeProvider.GetTimestamp();
            await SecureAsync(layers, cancellationToken).ConfigureAwait(false);
            TlsTime += _settings.TimeProvider.GetElapsedTime(start);
        }

        if (_request.Route.IsForwarding)
        {
            return true;
        }

        _request.Progress.Phase = TransportPhase.Proxy;
        using var deadline = new DialDeadline(TimeLeft, _settings.TimeProvider, cancellationToken);
        try
        {
            if (_proxy.IsSocks)
            {
                Task<bool> asking = SocksTunnel.OpenAsync(layers.Top, _settings, _request, _proxy, deadline);
                return await deadline.WaitAsync(asking).ConfigureAwait(false);
            }

            Task<bool> opening = _tunnel.TryOpenAsync(layers.Top, Channel, deadline.Token);
            _asking = opening;
            bool isOpen = await deadline.WaitAsync(opening).ConfigureAwait(false);
            if (isOpen && !_tunnel.Early.IsEmpty)
            {
                // RFC 9110 §9.3.6: what follows the head of a 2xx is already the server's.
                layers.Cover(new PrefixedStream(_tunnel.Early, layers.Top));
            }

            return isOpen;
        }
        catch (Exception e) when (e is not TransportException)
        {
            deadline.ThrowIfPoolCancelled();
            throw Explain(e, deadline);
        }
    }

    /// <remarks>
    /// Story: the time is over while the system makes a token, and the dial does not wait for it. What is negotiated ends behind that.
    /// </remarks>
    public void Dispose() => _ = _asking.ContinueWith(
        static (_, tunnel) => ((ConnectTunnel)tunnel!).Dispose(),
        _tunnel,
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private async Task SecureAsync(DialedLayers layers, CancellationToken cancellationToken)
    {
        Stream below = layers.BelowTls();
        if (below is not SslStream { IsAuthenticated: true } secured)
        {
            secured = await _tls.RunAsync(below, _request, _begun, cancellationToken, _proxy).ConfigureAwait(false);
        }

        layers.Secure(secured);
        Channel = secured.TransportContext;
        if (TlsHandshake.IsHttp2(secured))
        {
            throw DialFailure.Of(
                _request.Route,
                HttpRequestError.SecureConnectionError,
                TransportPhase.Tls,
                ProxyErrorTexts.ProxySpeaksHttp2(_proxy.Text),
                inner: null);
        }
    }

    private TransportException Explain(Exception e, DialDeadline deadline)
    {
        Route route = _request.Route;
        if (deadline.Expired)
        {
            string late = ProxyErrorTexts.TunnelTimedOut(_proxy.Text, route.HostAndPort, _request.ConnectTimeout);
            return DialFailure.Timeout(route, HttpRequestError.ProxyTunnelError, TransportPhase.Proxy, late, e);
        }

        // As in .NET, an answer of HTTP that is none is told as it is elsewhere.
        (HttpRequestError error, string message) = e switch
        {
            WireFormatException wire => (
                wire.Setting is null ? HttpRequestError.InvalidResponse : HttpRequestError.ConfigurationLimitExceeded,
                ProxyErrorTexts.TunnelAnswerInvalid(_proxy.Text, route.HostAndPort, wire.Message, wire.Setting)),

            // The program's code threw; its own exception stands right inside.
            HttpRequestException { InnerException: not null } => (HttpRequestError.ProxyTunnelError, e.Message),
            _ => (
                e is EndOfStreamException ? HttpRequestError.ResponseEnded : HttpRequestError.ProxyTunnelError,
                ProxyErrorTexts.TunnelFailed(_proxy.Text, route.HostAndPort, e)),
        };
        return DialFailure.Of(route, error, TransportPhase.Proxy, message, TransportErrors.TheirsIn(e));
    }
}
