using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Handler;
using Warmwire.Exchange;
using Warmwire.Settings;

namespace Warmwire;

/// <summary>
/// An HTTP message handler over a connection pool with real limits, in place of <see cref="SocketsHttpHandler"/>: every public settable
/// property of that type exists here under the same name and type and means the same. Make one and share it.
/// </summary>
/// <remarks>
/// Safe for any number of threads. The settings freeze at the first request: changing one after it throws
/// <see cref="InvalidOperationException"/>, changing one after disposal throws <see cref="ObjectDisposedException"/>. Timeouts are positive
/// or <see cref="Timeout.InfiniteTimeSpan"/> where not said otherwise.
/// </remarks>
public sealed class PooledHttpHandler : HttpMessageHandler, IAsyncDisposable
{
    private readonly HandlerLifetime _lifetime = new();

    private HandlerSettings Settings => _lifetime.Settings;

    /// <summary>The settings, for a setter: throws once they are frozen.</summary>
    private HandlerSettings Mutable => _lifetime.MutableSettings;

    /// <summary>Whether this handler works on this platform.</summary>
    /// <value>Always <see langword="true"/>.</value>
    public static bool IsSupported => true;

    // What SocketsHttpHandler has

    /// <summary>The propagator that writes the current <see cref="Activity"/> into requests. What it throws fails the request.</summary>
    /// <value>Default: <see cref="DistributedContextPropagator.Current"/>; <see langword="null"/>: neither that nor activities.</value>
    public DistributedContextPropagator? ActivityHeadersPropagator
    {
        get => Settings.ActivityHeadersPropagator;
        set => Mutable.ActivityHeadersPropagator = value;
    }

    /// <summary>
    /// Whether the redirects 300, 301, 302, 303, 307 and 308 with a <c>Location</c> are followed (RFC 9110 §15.4). They are never followed
    /// from https to http. 307 and 308 repeat the body where it can be produced again. <c>Authorization</c>, <c>Cookie</c> and
    /// <c>Proxy-Authorization</c> are dropped when host, port or scheme changes.
    /// </summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool AllowAutoRedirect { get => Settings.AllowAutoRedirect; set => Mutable.AllowAutoRedirect = value; }

    /// <summary>The content codings that are asked for and undone: gzip, deflate, Brotli.</summary>
    /// <value>Default: <see cref="DecompressionMethods.None"/>.</value>
    public DecompressionMethods AutomaticDecompression
    {
        get => Settings.AutomaticDecompression;
        set => Mutable.AutomaticDecompression = value;
    }

    /// <summary>The callback that makes the stream of a new connection in place of TCP. The pool owns the stream from then on.</summary>
    /// <value>Default: <see langword="null"/>, TCP. <see cref="DnsRefreshInterval"/> does not follow the connections of a callback.</value>
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? ConnectCallback
    {
        get => Settings.ConnectCallback;
        set => Mutable.ConnectCallback = value;
    }

    /// <summary>The time limit for name resolution and TCP connect, over all addresses, or for the <see cref="ConnectCallback"/>.</summary>
    /// <value>Default: 10 seconds (.NET: infinite).</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ConnectTimeout { get => Settings.ConnectTimeout; set => Mutable.ConnectTimeout = Must.BePositiveOrInfinite(value); }

    /// <summary>The cookies of this handler, used when <see cref="UseCookies"/> is set.</summary>
    /// <value>Default: an empty container; <see langword="null"/> sets a new one.</value>
    [AllowNull]
    public CookieContainer CookieContainer
    {
        get => Settings.CookieContainer ??= new CookieContainer();
        set => Mutable.CookieContainer = value;
    }

    /// <summary>The time <c>Expect: 100-continue</c> holds the body back without an interim response (RFC 9110 §10.1.1).</summary>
    /// <value>Default: 1 second. Zero does not wait.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan Expect100ContinueTimeout
    {
        get => Settings.Expect100ContinueTimeout;
        set => Mutable.Expect100ContinueTimeout = Must.BeZeroOrMoreOrInfinite(value);
    }

    /// <summary>The number of redirects that are followed. The response after the last one is returned as it is.</summary>
    /// <value>Default: 50. At least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxAutomaticRedirections
    {
        get => Settings.MaxAutomaticRedirections;
        set => Mutable.MaxAutomaticRedirections = Must.BeAtLeastOne(value);
    }

    /// <summary>The number of connections to one origin that may be open or opening at once.</summary>
    /// <value>Default: <see cref="int.MaxValue"/>. At least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxConnectionsPerServer
    {
        get => Settings.MaxConnectionsPerServer;
        set => Mutable.MaxConnectionsPerServer = Must.BeAtLeastOne(value);
    }

    /// <summary>The size up to which a disposed response's unread body is read to keep the connection. A larger one closes it.</summary>
    /// <value>Default: 1 MiB. In bytes, 0 or more. A <c>Content-Length</c> that leaves more closes the connection at once.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxResponseDrainSize
    {
        get => Settings.MaxResponseDrainSize;
        set => Mutable.MaxResponseDrainSize = Must.BeZeroOrMore(value);
    }

    /// <summary>The maximum size of a response's head, with the 1xx heads before it, and of its trailers.</summary>
    /// <value>Default: 64. In KiB, at least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxResponseHeadersLength
    {
        get => Settings.MaxResponseHeadersLength;
        set => Mutable.MaxResponseHeadersLength = Must.BeAtLeastOne(value);
    }

    /// <summary>The number of header lines that a response may have, and of fields with HTTP/2.</summary>
    /// <value>Default: 1000. At least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxResponseHeaderCount
    {
        get => Settings.MaxResponseHeaderCount;
        set => Mutable.MaxResponseHeaderCount = Must.BeAtLeastOne(value);
    }

    /// <summary>The factory of this handler's meters. What it throws fails the request that needs it; the next one asks again.</summary>
    /// <value>Default: <see langword="null"/>, meters named <c>System.Net.Http</c> and <c>Warmwire</c> for the process.</value>
    public IMeterFactory? MeterFactory { get => Settings.MeterFactory; set => Mutable.MeterFactory = value; }

    /// <summary>The callback that wraps the stream of a new connection above TLS, for example to record it.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? PlaintextStreamFilter
    {
        get => Settings.PlaintextStreamFilter;
        set => Mutable.PlaintextStreamFilter = value;
    }

    /// <summary>
    /// The time a connection may be idle before it is closed, by the monotonic and by the wall clock, so that an instance that was frozen
    /// and thawed does not write into a dead connection. A server's <c>Keep-Alive: timeout=N</c> shortens it to N−1 seconds.
    /// </summary>
    /// <value>Default: 90 seconds. Zero keeps no connection.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan PooledConnectionIdleTimeout
    {
        get => Settings.PooledConnectionIdleTimeout;
        set => Mutable.PooledConnectionIdleTimeout = Must.BeAgeOrInfinite(value);
    }

    /// <summary>The age at which a connection serves no further request; see <see cref="PooledConnectionLifetimeJitter"/>.</summary>
    /// <value>Default: infinite. Zero uses each connection once.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan PooledConnectionLifetime
    {
        get => Settings.PooledConnectionLifetime;
        set => Mutable.PooledConnectionLifetime = Must.BeAgeOrInfinite(value);
    }

    /// <summary>The selector of the encoding of a request header's value. What it throws fails the request; nothing is sent.</summary>
    /// <value>Default: <see langword="null"/>, ASCII only; anything else fails the request.</value>
    public HeaderEncodingSelector<HttpRequestMessage>? RequestHeaderEncodingSelector
    {
        get => Settings.RequestHeaderEncodingSelector;
        set => Mutable.RequestHeaderEncodingSelector = value;
    }

    /// <summary>The time limit for draining a disposed response's unread body.</summary>
    /// <value>Default: 2 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ResponseDrainTimeout
    {
        get => Settings.ResponseDrainTimeout;
        set => Mutable.ResponseDrainTimeout = Must.BeZeroOrMoreOrInfinite(value);
    }

    /// <summary>The selector of the encoding of a response header's value. What it throws fails the request.</summary>
    /// <value>Default: <see langword="null"/>, Latin-1.</value>
    public HeaderEncodingSelector<HttpRequestMessage>? ResponseHeaderEncodingSelector
    {
        get => Settings.ResponseHeaderEncodingSelector;
        set => Mutable.ResponseHeaderEncodingSelector = value;
    }

    /// <summary>
    /// The TLS settings. <c>TargetHost</c> comes from the request if not set; <c>ApplicationProtocols</c> are the transport's.
    /// </summary>
    /// <value>Default: the platform's; <see langword="null"/> sets them again.</value>
    [AllowNull]
    public SslClientAuthenticationOptions SslOptions
    {
        get => Settings.SslOptions ??= new SslClientAuthenticationOptions();
        set => Mutable.SslOptions = value;
    }

    /// <summary>Whether <see cref="CookieContainer"/> is used.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool UseCookies { get => Settings.UseCookies; set => Mutable.UseCookies = value; }

    /// <summary>Whether a proxy is used: <see cref="Proxy"/> or, if there is none, <see cref="HttpClient.DefaultProxy"/>.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool UseProxy { get => Settings.UseProxy; set => Mutable.UseProxy = value; }

    // What it does not have

    /// <summary>The number of connections to all origins. At the limit an idle one of another is closed, or the request waits.</summary>
    /// <value>Default: three quarters of the process's limit on open descriptors. At least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxConnections { get => Settings.MaxConnections; set => Mutable.MaxConnections = Must.BeAtLeastOne(value); }

    /// <summary>The number of connections to one origin that are kept idle. The least recently used are closed first.</summary>
    /// <value>Default: 100. 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxIdleConnectionsPerServer
    {
        get => Settings.MaxIdleConnectionsPerServer;
        set => Mutable.MaxIdleConnectionsPerServer = Must.BeZeroOrMore(value);
    }

    /// <summary>The number of connections to all origins that are kept idle. The least recently used are closed first.</summary>
    /// <value>Default: 1000. 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxIdleConnections { get => Settings.MaxIdleConnections; set => Mutable.MaxIdleConnections = Must.BeZeroOrMore(value); }

    /// <summary>The part by which a lifetime is shortened at most, at random, so that connections do not end together.</summary>
    /// <value>Default: 0.1. From 0 to 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public double PooledConnectionLifetimeJitter
    {
        get => Settings.PooledConnectionLifetimeJitter;
        set => Mutable.PooledConnectionLifetimeJitter = Must.BeFraction(value);
    }

    /// <summary>The time for the TLS handshake. Where it is not set, <see cref="ConnectTimeout"/> bounds the handshake too.</summary>
    /// <value>Default: 10 seconds, or less if <see cref="ConnectTimeout"/> has less left.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan TlsHandshakeTimeout
    {
        get => Settings.TlsHandshakeTimeout;
        set => Mutable.TlsHandshakeTimeout = Must.BePositiveOrInfinite(value);
    }

    /// <summary>
    /// The time for the whole exchange: from the call of the handler, over the wait for a connection, redirects, authentication and
    /// replays, to the last byte of the response's body, also when the caller reads that himself (<see
    /// cref="HttpCompletionOption.ResponseHeadersRead"/>). It ends with the head of a response that opens a tunnel or a WebSocket, and with
    /// the disposal of the response. <see cref="TransportOptions.Timeout"/> replaces it for one request.
    /// </summary>
    /// <remarks>
    /// When it is over, the request, or the read of the body, fails with a <see cref="TransportException"/> that has
    /// <see cref="TransportException.IsTimeout"/> and a <see cref="TimeoutException"/> inside; <see cref="HttpClient.Timeout"/> throws
    /// <see cref="TaskCanceledException"/>. No token source and no timer is made for a request.
    /// </remarks>
    /// <value>Default: infinite. <see cref="WarmHttp"/> sets 30 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan RequestTimeout { get => Settings.RequestTimeout; set => Mutable.RequestTimeout = Must.BePositiveOrInfinite(value); }

    /// <summary>The time limit from the request's last byte to the response's head.</summary>
    /// <value>Default: infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ResponseHeadersTimeout
    {
        get => Settings.ResponseHeadersTimeout;
        set => Mutable.ResponseHeadersTimeout = Must.BePositiveOrInfinite(value);
    }

    /// <summary>The time limit for a read of the response's body that waits for the next bytes.</summary>
    /// <value>Default: infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ResponseBodyIdleTimeout
    {
        get => Settings.ResponseBodyIdleTimeout;
        set => Mutable.ResponseBodyIdleTimeout = Must.BePositiveOrInfinite(value);
    }

    /// <summary>The time limit for a request that waits for a connection.</summary>
    /// <value>Default: infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan PendingRequestTimeout
    {
        get => Settings.PendingRequestTimeout;
        set => Mutable.PendingRequestTimeout = Must.BePositiveOrInfinite(value);
    }

    /// <summary>The number of requests to one origin that may wait with no connection being opened for them. One more fails.</summary>
    /// <value>Default: <see cref="int.MaxValue"/>. 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxPendingRequestsPerServer
    {
        get => Settings.MaxPendingRequestsPerServer;
        set => Mutable.MaxPendingRequestsPerServer = Must.BeZeroOrMore(value);
    }

    /// <summary>
    /// The limit for each origin of exchanges under way, which follows latency. Requests above it wait as those without a connection do:
    /// <see cref="PendingRequestTimeout"/> and <see cref="MaxPendingRequestsPerServer"/> hold for them.
    /// </summary>
    /// <value>Default: <see langword="null"/>, no such limit.</value>
    /// <exception cref="ArgumentException">Its <see cref="AdaptiveConcurrency.MinLimit"/> is above its
    /// <see cref="AdaptiveConcurrency.MaxLimit"/>.</exception>
    public AdaptiveConcurrency? ConcurrencyLimit
    {
        get => Settings.ConcurrencyLimit;
        set => Mutable.ConcurrencyLimit = Must.BeInOrder(value);
    }

    /// <summary>The interval at which names in use are resolved again. Connections whose address left the name are retired.</summary>
    /// <value>Default: 30 seconds; infinite: each dial resolves its name, and nothing is retired.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan DnsRefreshInterval
    {
        get => Settings.DnsRefreshInterval;
        set => Mutable.DnsRefreshInterval = Must.BePositiveOrInfinite(value);
    }

    /// <summary>The choice among the addresses of a name, for connections and for requests.</summary>
    /// <value>Default: <see cref="AddressSelection.LeastLoaded"/> (.NET: the first that can be reached).</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the enumeration.</exception>
    public AddressSelection AddressSelection { get => Settings.AddressSelection; set => Mutable.AddressSelection = Must.BeDefined(value); }

    /// <summary>What resolves the names of hosts. One that knows the time to live has names resolved again when it is over.</summary>
    /// <value>Default: the system's resolver.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public INameResolver NameResolver { get => Settings.NameResolver; set => Mutable.NameResolver = Must.BeGiven(value); }

    /// <summary>The interval of the operating system's TCP keep-alive probes.</summary>
    /// <value>Default: 30 seconds; infinite turns them off.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan TcpKeepAliveInterval
    {
        get => Settings.TcpKeepAliveInterval;
        set => Mutable.TcpKeepAliveInterval = Must.BePositiveOrInfinite(value);
    }

    /// <summary>The time a connection reads on for a cancelled request's response, to be kept. HTTP/2 resets the stream instead.</summary>
    /// <value>Default: 250 ms. Zero closes at once.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan CancellationDrainTimeout
    {
        get => Settings.CancellationDrainTimeout;
        set => Mutable.CancellationDrainTimeout = Must.BeZeroOrMoreAndFinite(value);
    }

    /// <summary>The number of bytes of a cancelled request's response that are read in order to keep the connection.</summary>
    /// <value>Default: 64 KiB. In bytes, 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxCancellationDrainSize
    {
        get => Settings.MaxCancellationDrainSize;
        set => Mutable.MaxCancellationDrainSize = Must.BeZeroOrMore(value);
    }

    /// <summary>Whether the socket is asked at each lease, so that what came behind an answer by then is never the next answer.</summary>
    /// <value>Default: <see langword="false"/>. Costs a system call for each request of HTTP/1.1.</value>
    public bool VerifyIdleConnections { get => Settings.VerifyIdleConnections; set => Mutable.VerifyIdleConnections = value; }

    /// <summary>The policy for sending a failed request again on another connection.</summary>
    /// <value>Default: <see cref="ReplayPolicy.Safe"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public ReplayPolicy ReplayPolicy { get => Settings.ReplayPolicy; set => Mutable.ReplayPolicy = Must.BeDefined(value); }

    /// <summary>
    /// The Unix domain socket that every connection goes through, whatever host and port the URI names, such as
    /// <c>/var/run/docker.sock</c>: no name is resolved, and no proxy is used. Host and port are what the server is told in the
    /// <c>Host</c> field, and over TLS the name it must prove. A NUL at the beginning makes it an abstract name of Linux.
    /// </summary>
    /// <value>Default: <see langword="null"/>, TCP. A path as long as the system's addresses permit: 107 bytes on Linux. A relative one
    /// begins at the directory that is current when a connection is opened. Setting a <see cref="ConnectCallback"/> too makes each request
    /// fail with <see cref="InvalidOperationException"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is empty, too long, or has a NUL elsewhere.</exception>
    public string? UnixSocketPath { get => Settings.UnixSocketPath; set => Mutable.UnixSocketPath = Must.BeSocketPath(value); }

    /// <summary>
    /// The callback that may close a connection before its time: where it answers <see langword="true"/>, an idle connection is closed, and
    /// one in use serves no further request (<see cref="CloseReason.Evicted"/>). It is asked about every open connection, idle or in use,
    /// each 5 seconds, on the thread pool and beside all requests, of up to 16 connections at a time. What it throws, or does not answer
    /// within 10 seconds, counts as <see langword="false"/>; its token is cancelled then, and when the handler is disposed.
    /// </summary>
    /// <value>Default: <see langword="null"/>. .NET 11 has it under the same name.</value>
    public Func<SocketsHttpConnectionEvictionContext, CancellationToken, Task<bool>>? ShouldEvictConnection
    {
        get => Settings.ShouldEvictConnection;
        set => Mutable.ShouldEvictConnection = value;
    }

    // Authentication, proxies, and HTTP/2

    /// <summary>What is asked for a credential when a server challenges (RFC 9110 §11): Negotiate, NTLM, Digest or Basic. What it throws
    /// fails the request. Beyond a redirect to another origin only a <see cref="CredentialCache"/> is asked.</summary>
    /// <value>Default: <see langword="null"/>, a 401 is the response.</value>
    public ICredentials? Credentials { get => Settings.Credentials; set => Mutable.Credentials = value; }

    /// <summary>The credentials for a proxy that has none of its own, such as the one of the environment.</summary>
    /// <value>Default: <see langword="null"/>. <see cref="IWebProxy.Credentials"/> come first.</value>
    public ICredentials? DefaultProxyCredentials
    {
        get => Settings.DefaultProxyCredentials;
        set => Mutable.DefaultProxyCredentials = value;
    }

    /// <summary>The proxy, asked for each request: http, https, socks4, socks4a or socks5. One that throws counts as none.</summary>
    /// <value>Default: <see langword="null"/>, <see cref="HttpClient.DefaultProxy"/> as it is at the first request.</value>
    public IWebProxy? Proxy { get => Settings.Proxy; set => Mutable.Proxy = value; }

    /// <summary>Whether Basic and Digest credentials are sent unasked to where they were accepted before (RFC 7617 §2.2).</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool PreAuthenticate { get => Settings.PreAuthenticate; set => Mutable.PreAuthenticate = value; }

    /// <summary>Whether an origin gets another HTTP/2 connection when all its streams are in use. If not, requests wait.</summary>
    /// <value>Default: <see langword="true"/> (.NET: <see langword="false"/>), so that one connection's stream limit does not cap a program
    /// silently.</value>
    public bool EnableMultipleHttp2Connections
    {
        get => Settings.EnableMultipleHttp2Connections;
        set => Mutable.EnableMultipleHttp2Connections = value;
    }

    /// <summary>Whether an origin may have more than one HTTP/3 connection. It has none, since HTTP/3 is not supported: this changes
    /// nothing.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool EnableMultipleHttp3Connections
    {
        get => Settings.EnableMultipleHttp3Connections;
        set => Mutable.EnableMultipleHttp3Connections = value;
    }

    /// <summary>The number of bytes of a response's body that an HTTP/2 stream takes before they are read (RFC 9113 §6.9.2).</summary>
    /// <value>Default: 65,535 bytes, which is also the least. At most 16 MiB.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int InitialHttp2StreamWindowSize
    {
        get => Settings.InitialHttp2StreamWindowSize;
        set => Mutable.InitialHttp2StreamWindowSize = Must.BeStreamWindow(value);
    }

    /// <summary>The time without input after which an HTTP/2 connection is pinged, to learn whether it is alive (RFC 9113 §6.7).</summary>
    /// <value>Default: <see cref="Timeout.InfiniteTimeSpan"/>, no pings. At least 1 second.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan KeepAlivePingDelay
    {
        get => Settings.KeepAlivePingDelay;
        set => Mutable.KeepAlivePingDelay = Must.BeSecondOrMoreOrInfinite(value);
    }

    /// <summary>The choice between pinging HTTP/2 connections always and only while they serve requests.</summary>
    /// <value>Default: <see cref="HttpKeepAlivePingPolicy.Always"/>.</value>
    public HttpKeepAlivePingPolicy KeepAlivePingPolicy { get => Settings.KeepAlivePingPolicy; set => Mutable.KeepAlivePingPolicy = value; }

    /// <summary>The time limit for a ping's answer. After it the connection is closed (<see cref="CloseReason.PingTimeout"/>).</summary>
    /// <value>Default: 20 seconds. At least 1 second, or infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan KeepAlivePingTimeout
    {
        get => Settings.KeepAlivePingTimeout;
        set => Mutable.KeepAlivePingTimeout = Must.BeSecondOrMoreOrInfinite(value);
    }

    /// <summary>A dictionary for the application's own data. The handler does not read it.</summary>
    /// <value>An empty dictionary at first.</value>
    public IDictionary<string, object?> Properties => Settings.Properties ??= new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <summary>The clock of the pool and of every timeout.</summary>
    internal TimeProvider TimeProvider { get => Settings.TimeProvider; set => Mutable.TimeProvider = value; }

    /// <summary>For tests: what moves the bytes, what connects to a Unix domain socket.</summary>
    internal Sockets.SocketBackEnd SocketBackEnd { set => Mutable.SocketBackEnd = value; }
    internal Func<UnixDomainSocketEndPoint, CancellationToken, Task<Stream>> ConnectUnix { set => Mutable.ConnectUnix = value; }

    /// <summary>For tests: what begins NTLM and Negotiate, and the name resolver as a function.</summary>
    internal Authentication.INegotiationFactory Negotiations { set => Mutable.Negotiations = value; }
    internal Func<string, CancellationToken, Task<IPAddress[]>> ResolveNames { set => Mutable.ResolveNames = value; }

    /// <summary>Tells the state of the connections and what happened since the handler was made.</summary>
    /// <returns>A copy; it does not change afterwards.</returns>
    public PoolSnapshot GetSnapshot() => _lifetime.Started?.GetSnapshot() ?? new PoolSnapshot([], Settings.TimeProvider.GetUtcNow());

    /// <summary>Closes the idle connections of the pool. Busy ones stay and are kept when they come back.</summary>
    /// <returns>The number of connections closed.</returns>
    public int CloseIdleConnections() => _lifetime.Started?.CloseIdleConnections() ?? 0;

    /// <summary>Opens HTTP/1.1 connections before they are needed, and leaves them idle in the pool.</summary>
    /// <inheritdoc cref="PrewarmAsync(Uri, int, Version, CancellationToken)"/>
    public Task<int> PrewarmAsync(Uri origin, int connections, CancellationToken cancellationToken = default) =>
        PrewarmAsync(origin, connections, HttpVersion.Version11, cancellationToken);

    /// <summary>
    /// Opens connections before they are needed, for requests of a version, with their TCP and TLS handshakes, and leaves them idle in the
    /// pool. Connections that are already there count; the limits hold.
    /// </summary>
    /// <remarks>
    /// They are for requests that name the origin as it is given here: over TLS, those whose <c>Host</c> header names another server have
    /// connections of their own, as with <see cref="SocketsHttpHandler"/>.
    /// </remarks>
    /// <param name="origin">Scheme, host and port; path and query are ignored.</param>
    /// <param name="connections">The number of connections the origin should have. At least 1.</param>
    /// <param name="httpVersion">1.1 or 2.0: which requests the connections are for, since those that may be sent with HTTP/2 have their
    /// own. With 2.0 and https the server chooses; with 2.0 and http they are for <see cref="HttpVersionPolicy.RequestVersionExact"/> or
    /// higher.</param>
    /// <param name="cancellationToken">Ends the wait; connections being opened still go to the pool.</param>
    /// <returns>The number of connections opened; fewer than asked for when limits or failures stood in the way of some.</returns>
    /// <exception cref="ArgumentException"><paramref name="origin"/> is not an absolute http or https URI.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="connections"/> is less than 1, or <paramref name="httpVersion"/> is
    /// another version.</exception>
    /// <exception cref="TransportException">Not one connection could be opened.</exception>
    public Task<int> PrewarmAsync(Uri origin, int connections, Version httpVersion, CancellationToken cancellationToken = default)
    {
        PrewarmArguments.Check(origin, connections, httpVersion);
        return _lifetime.Engine.PrewarmAsync(origin, connections, http2: httpVersion == HttpVersion.Version20, cancellationToken);
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SynchronousSend.Run(_lifetime.Engine, request, cancellationToken);

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _lifetime.Engine.SendAsync(request, cancellationToken);
    }

    /// <summary>
    /// Ends gracefully: takes no more requests, closes idle connections at once, lets the exchanges under way end, for at most 30 seconds,
    /// and does for the rest what <see cref="IDisposable.Dispose"/> does.
    /// </summary>
    /// <returns>Ends when the last connection is closed, or after these 30 seconds.</returns>
    public async ValueTask DisposeAsync()
    {
        await _lifetime.DrainAsync().ConfigureAwait(false);
        Dispose();
    }

    /// <summary>
    /// Disposes the handler and closes every connection at once, whatever is done on it: also bodies that are being read, tunnels, upgraded
    /// streams and WebSockets, which <see cref="IDisposable.Dispose"/> leaves to their end. May be called after that, too.
    /// </summary>
    public void Abort() => _lifetime.Abort();

    /// <summary>
    /// Closes idle connections, and fails requests that wait for a connection or for the head of their response, with an
    /// <see cref="ObjectDisposedException"/> inside. A connection with a response body, a tunnel, an upgraded stream or a WebSocket is
    /// closed when that ends; <see cref="Abort"/> closes it at once.
    /// </summary>
    /// <param name="disposing">Whether <see cref="IDisposable.Dispose"/> called it.</param>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _lifetime.Dispose();
        }

        base.Dispose(disposing);
    }
}
