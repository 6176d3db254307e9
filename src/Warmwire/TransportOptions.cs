using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Warmwire;

/// <summary>
/// Keys for <see cref="HttpRequestMessage.Options"/>: settings of one request over a shared <see cref="PooledHttpHandler"/>. A timeout is
/// positive or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> (<see cref="Expect100ContinueTimeout"/> and the drains' may be zero,
/// too); another value makes the request fail with <see cref="ArgumentOutOfRangeException"/>, whose parameter is the key.
/// </summary>
/// <remarks>
/// The version of HTTP is the request's own: <see cref="HttpRequestMessage.Version"/> and <see cref="HttpRequestMessage.VersionPolicy"/>.
/// </remarks>
public static class TransportOptions
{
    /// <summary>
    /// Replaces <see cref="PooledHttpHandler.RequestTimeout"/> for this request, by a shorter time or a longer one; infinite lifts it.
    /// </summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> Timeout = new("Warmwire.Timeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.PendingRequestTimeout"/> for this request.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> PendingRequestTimeout = new("Warmwire.PendingRequestTimeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.ConnectTimeout"/> for the connection this request opens, if it opens one.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> ConnectTimeout = new("Warmwire.ConnectTimeout");

    /// <summary>
    /// Replaces <see cref="PooledHttpHandler.TlsHandshakeTimeout"/> for the connection this request opens, if it opens one.
    /// </summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> TlsHandshakeTimeout = new("Warmwire.TlsHandshakeTimeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.Expect100ContinueTimeout"/> for this request.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> Expect100ContinueTimeout = new("Warmwire.Expect100ContinueTimeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.ResponseHeadersTimeout"/> for this request.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> ResponseHeadersTimeout = new("Warmwire.ResponseHeadersTimeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.ResponseBodyIdleTimeout"/> for this request.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> ResponseBodyIdleTimeout = new("Warmwire.ResponseBodyIdleTimeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.ResponseDrainTimeout"/> for this request. Zero does not drain.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> ResponseDrainTimeout = new("Warmwire.ResponseDrainTimeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.MaxResponseDrainSize"/> for this request. In bytes, 0 or more.</summary>
    public static readonly HttpRequestOptionsKey<int> MaxResponseDrainSize = new("Warmwire.MaxResponseDrainSize");

    /// <summary>
    /// Replaces <see cref="PooledHttpHandler.CancellationDrainTimeout"/> for this request. Zero closes at once; it is never infinite.
    /// </summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> CancellationDrainTimeout = new("Warmwire.CancellationDrainTimeout");

    /// <summary>Replaces <see cref="PooledHttpHandler.MaxCancellationDrainSize"/> for this request. In bytes, 0 or more.</summary>
    public static readonly HttpRequestOptionsKey<int> MaxCancellationDrainSize = new("Warmwire.MaxCancellationDrainSize");

    /// <summary>Replaces <see cref="PooledHttpHandler.ReplayPolicy"/> for this request.</summary>
    public static readonly HttpRequestOptionsKey<ReplayPolicy> ReplayPolicy = new("Warmwire.ReplayPolicy");

    /// <summary>
    /// Replaces <see cref="PooledHttpHandler.Proxy"/> and <see cref="PooledHttpHandler.UseProxy"/> for this request and its redirects;
    /// <see langword="null"/> goes straight. No connection serves requests of different proxies.
    /// </summary>
    public static readonly HttpRequestOptionsKey<IWebProxy> Proxy = new("Warmwire.Proxy");

    /// <summary>
    /// Replaces <see cref="PooledHttpHandler.UnixSocketPath"/> for this request and its redirects, and goes before a <see
    /// cref="PooledHttpHandler.ConnectCallback"/>; <see langword="null"/> goes over TCP. A request that has a <see cref="Proxy"/> too fails
    /// with <see cref="InvalidOperationException"/>. No connection serves requests of different sockets.
    /// </summary>
    public static readonly HttpRequestOptionsKey<string?> UnixSocketPath = new("Warmwire.UnixSocketPath");

    /// <summary>
    /// The name that the server of this request is told in the handshake (SNI, RFC 6066 §3) and must prove with its certificate, in place
    /// of the host of the URI, of the <c>Host</c> field and of <c>TargetHost</c> in <see cref="PooledHttpHandler.SslOptions"/>. A name of a
    /// host, or an address without brackets. It is part of the route; without TLS it means nothing.
    /// </summary>
    public static readonly HttpRequestOptionsKey<string> TlsServerName = new("Warmwire.TlsServerName");

    /// <summary>
    /// The client certificate for this request, with its private key. It is part of the route, so connections of different certificates are
    /// never mixed.
    /// </summary>
    public static readonly HttpRequestOptionsKey<X509Certificate2> ClientCertificate = new("Warmwire.ClientCertificate");

    /// <summary>Callbacks that follow this request through the transport.</summary>
    public static readonly HttpRequestOptionsKey<RequestTrace> Trace = new("Warmwire.Trace");

    /// <summary>
    /// Remembers the stack where this request was sent, so that a response that is never disposed is reported with it. It costs some
    /// microseconds a request; the <see cref="AppContext"/> switch <c>Warmwire.CaptureResponseStacks</c> turns it on for all.
    /// </summary>
    public static readonly HttpRequestOptionsKey<bool> CaptureResponseStack = new("Warmwire.CaptureResponseStack");

    /// <summary>
    /// Not a setting, but what the handler writes: the number of the connection that the request was most recently sent on. It is written
    /// where the request has this option, with any value, and for every request of a handler with a <see
    /// cref="PooledHttpHandler.ShouldEvictConnection"/>. A response tells it without: <see
    /// cref="HttpResponseMessageExtensions.GetConnectionInfo"/>; a failure too: <see cref="TransportException.ConnectionId"/>.
    /// </summary>
    public static readonly HttpRequestOptionsKey<long?> ConnectionId = new("Warmwire.ConnectionId");
}
