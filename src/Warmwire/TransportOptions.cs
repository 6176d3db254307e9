using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Warmwire;

/// <summary>
/// Keys for <see cref="HttpRequestMessage.Options"/>: settings of one request over a shared <see cref="PooledHttpHandler"/>. A timeout is
/// positive or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> (<see cref="Expect100ContinueTimeout"/> may be zero, too); another
/// value makes the request fail with <see cref="ArgumentOutOfRangeException"/>.
/// </summary>
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

    /// <summary>Replaces <see cref="PooledHttpHandler.ReplayPolicy"/> for this request.</summary>
    public static readonly HttpRequestOptionsKey<ReplayPolicy> ReplayPolicy = new("Warmwire.ReplayPolicy");

    /// <summary>
    /// Replaces <see cref="PooledHttpHandler.Proxy"/> and <see cref="PooledHttpHandler.UseProxy"/> for this request and its redirects;
    /// <see langword="null"/> goes straight. No connection serves requests of different proxies.
    /// </summary>
    public static readonly HttpRequestOptionsKey<IWebProxy> Proxy = new("Warmwire.Proxy");

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
}
