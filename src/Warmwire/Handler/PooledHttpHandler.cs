using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using Warmwire.Diagnostics;
using Warmwire.Exchange;
using Warmwire.Settings;

namespace Warmwire;

/// <summary>
/// An HTTP message handler over a connection pool with real limits, in place of <see cref="SocketsHttpHandler"/>: every public settable property
/// of that type exists here under the same name and type and means the same. Make one, share it, and let it live as long as the program.
/// </summary>
/// <remarks>
/// Safe for any number of threads. The settings freeze at the first request: changing one after it throws <see cref="InvalidOperationException"/>,
/// changing one after disposal throws <see cref="ObjectDisposedException"/>. Timeouts are positive or <see cref="Timeout.InfiniteTimeSpan"/>
/// where not said otherwise. A feature that does not exist yet throws <see cref="NotSupportedException"/> from its setter.
/// </remarks>
public sealed class PooledHttpHandler : HttpMessageHandler, IAsyncDisposable
{
    private readonly HandlerSettings _settings = new();
    private readonly Lock _gate = new();
    private ExchangeEngine? _engine;
    private bool _disposed;

    /// <summary>Whether this handler works on this platform.</summary>
    /// <value>Always <see langword="true"/>.</value>
    public static bool IsSupported => true;

    // What SocketsHttpHandler has

    /// <summary>Writes the current <see cref="Activity"/> into the headers of each request.</summary>
    /// <value>Default: <see cref="DistributedContextPropagator.Current"/>; <see langword="null"/> writes nothing.</value>
    public DistributedContextPropagator? ActivityHeadersPropagator
    {
        get => _settings.ActivityHeadersPropagator;
        set
        {
            CheckMutable();
            _settings.ActivityHeadersPropagator = value;
        }
    }

    /// <summary>Whether 301, 302, 303, 307, 308 and 300 with a <c>Location</c> are followed (RFC 9110 §15.4). Never from https to http; 307 and 308 repeat the body where it can be produced again; <c>Authorization</c>, <c>Cookie</c> and <c>Proxy-Authorization</c> are dropped when host, port or scheme changes.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool AllowAutoRedirect
    {
        get => _settings.AllowAutoRedirect;
        set
        {
            CheckMutable();
            _settings.AllowAutoRedirect = value;
        }
    }

    /// <summary>Which content codings are asked for and undone: gzip, deflate, Brotli.</summary>
    /// <value>Default: <see cref="DecompressionMethods.None"/>.</value>
    public DecompressionMethods AutomaticDecompression
    {
        get => _settings.AutomaticDecompression;
        set
        {
            CheckMutable();
            _settings.AutomaticDecompression = value;
        }
    }

    /// <summary>Makes the stream of a new connection in place of TCP. The pool owns the stream from then on. Connections made this way are not followed by <see cref="DnsRefreshInterval"/>.</summary>
    /// <value>Default: <see langword="null"/>, TCP.</value>
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? ConnectCallback
    {
        get => _settings.ConnectCallback;
        set
        {
            CheckMutable();
            _settings.ConnectCallback = value;
        }
    }

    /// <summary>The time for name look-up and TCP connect, all addresses together; the callback's time where <see cref="ConnectCallback"/> is set.</summary>
    /// <value>Default: 10 seconds (.NET: infinite).</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ConnectTimeout
    {
        get => _settings.ConnectTimeout;
        set
        {
            CheckMutable();
            RequirePositiveOrInfinite(value);
            _settings.ConnectTimeout = value;
        }
    }

    /// <summary>The cookies of this handler, used when <see cref="UseCookies"/> is set.</summary>
    /// <value>Default: an empty container; <see langword="null"/> puts a new one there.</value>
    [AllowNull]
    public CookieContainer CookieContainer
    {
        get => _settings.CookieContainer ??= new CookieContainer();
        set
        {
            CheckMutable();
            _settings.CookieContainer = value;
        }
    }

    /// <summary>How long a request with <c>Expect: 100-continue</c> waits for the server's word before it sends its body all the same (RFC 9110 §10.1.1).</summary>
    /// <value>Default: 1 second. Zero does not wait.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan Expect100ContinueTimeout
    {
        get => _settings.Expect100ContinueTimeout;
        set
        {
            CheckMutable();
            RequireNotNegativeOrInfinite(value);
            _settings.Expect100ContinueTimeout = value;
        }
    }

    /// <summary>How many redirects are followed; the response after them is returned as it is.</summary>
    /// <value>Default: 50. At least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxAutomaticRedirections
    {
        get => _settings.MaxAutomaticRedirections;
        set
        {
            CheckMutable();
            RequireAtLeastOne(value);
            _settings.MaxAutomaticRedirections = value;
        }
    }

    /// <summary>How many connections to one origin may be open or opening at once.</summary>
    /// <value>Default: <see cref="int.MaxValue"/>. At least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxConnectionsPerServer
    {
        get => _settings.MaxConnectionsPerServer;
        set
        {
            CheckMutable();
            RequireAtLeastOne(value);
            _settings.MaxConnectionsPerServer = value;
        }
    }

    /// <summary>How many bytes of a disposed response's unread body are read to keep the connection; a <c>Content-Length</c> that leaves more closes it at once.</summary>
    /// <value>Default: 1 MiB. In bytes, 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxResponseDrainSize
    {
        get => _settings.MaxResponseDrainSize;
        set
        {
            CheckMutable();
            RequireNotNegative(value);
            _settings.MaxResponseDrainSize = value;
        }
    }

    /// <summary>The size of a response's head, all 1xx heads before it counted in, and of its trailers.</summary>
    /// <value>Default: 64. In KiB, at least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxResponseHeadersLength
    {
        get => _settings.MaxResponseHeadersLength;
        set
        {
            CheckMutable();
            RequireAtLeastOne(value);
            _settings.MaxResponseHeadersLength = value;
        }
    }

    /// <summary>Makes the meter of this handler's metrics.</summary>
    /// <value>Default: <see langword="null"/>, one meter named <c>Warmwire</c> for the process.</value>
    public IMeterFactory? MeterFactory
    {
        get => _settings.MeterFactory;
        set
        {
            CheckMutable();
            _settings.MeterFactory = value;
        }
    }

    /// <summary>Wraps the stream of a new connection above TLS, for example to record it.</summary>
    /// <value>Default: <see langword="null"/>.</value>
    public Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? PlaintextStreamFilter
    {
        get => _settings.PlaintextStreamFilter;
        set
        {
            CheckMutable();
            _settings.PlaintextStreamFilter = value;
        }
    }

    /// <summary>How long a connection may rest before it is closed, judged by the monotonic and by the wall clock, so that a frozen and thawed instance does not write into a dead connection. A server's <c>Keep-Alive: timeout=N</c> shortens it to N−1 seconds.</summary>
    /// <value>Default: 90 seconds. Zero keeps no connection.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan PooledConnectionIdleTimeout
    {
        get => _settings.PooledConnectionIdleTimeout;
        set
        {
            CheckMutable();
            RequireDurationOrInfinite(value);
            _settings.PooledConnectionIdleTimeout = value;
        }
    }

    /// <summary>How old a connection may grow before it serves no further request; see <see cref="PooledConnectionLifetimeJitter"/>.</summary>
    /// <value>Default: infinite. Zero uses each connection once.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan PooledConnectionLifetime
    {
        get => _settings.PooledConnectionLifetime;
        set
        {
            CheckMutable();
            RequireDurationOrInfinite(value);
            _settings.PooledConnectionLifetime = value;
        }
    }

    /// <summary>Chooses the encoding of a request header's value.</summary>
    /// <value>Default: <see langword="null"/>, ASCII only; anything else fails the request.</value>
    public HeaderEncodingSelector<HttpRequestMessage>? RequestHeaderEncodingSelector
    {
        get => _settings.RequestHeaderEncodingSelector;
        set
        {
            CheckMutable();
            _settings.RequestHeaderEncodingSelector = value;
        }
    }

    /// <summary>How long draining a disposed response's unread body may take.</summary>
    /// <value>Default: 2 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ResponseDrainTimeout
    {
        get => _settings.ResponseDrainTimeout;
        set
        {
            CheckMutable();
            RequireNotNegativeOrInfinite(value);
            _settings.ResponseDrainTimeout = value;
        }
    }

    /// <summary>Chooses the encoding of a response header's value.</summary>
    /// <value>Default: <see langword="null"/>, Latin-1.</value>
    public HeaderEncodingSelector<HttpRequestMessage>? ResponseHeaderEncodingSelector
    {
        get => _settings.ResponseHeaderEncodingSelector;
        set
        {
            CheckMutable();
            _settings.ResponseHeaderEncodingSelector = value;
        }
    }

    /// <summary>The TLS settings. <c>TargetHost</c> is filled in from the request where it is not set; <c>ApplicationProtocols</c> are the transport's own.</summary>
    /// <value>Default: the platform's; <see langword="null"/> puts them there again.</value>
    [AllowNull]
    public SslClientAuthenticationOptions SslOptions
    {
        get => _settings.SslOptions ??= new SslClientAuthenticationOptions();
        set
        {
            CheckMutable();
            _settings.SslOptions = value;
        }
    }

    /// <summary>Whether <see cref="CookieContainer"/> is used.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool UseCookies
    {
        get => _settings.UseCookies;
        set
        {
            CheckMutable();
            _settings.UseCookies = value;
        }
    }

    /// <summary>Whether the environment's proxy (<c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c>, <c>ALL_PROXY</c>, <c>NO_PROXY</c>, <see cref="HttpClient.DefaultProxy"/>) is respected. Proxies are not supported yet: a request that one would apply to fails and says so.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool UseProxy
    {
        get => _settings.UseProxy;
        set
        {
            CheckMutable();
            _settings.UseProxy = value;
        }
    }

    // What it does not have

    /// <summary>How many connections to all origins together may be open or opening at once. When it is reached, an idle connection of another origin makes room, else the request waits.</summary>
    /// <value>Default: three quarters of the process's limit on open descriptors. At least 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxConnections
    {
        get => _settings.MaxConnections;
        set
        {
            CheckMutable();
            RequireAtLeastOne(value);
            _settings.MaxConnections = value;
        }
    }

    /// <summary>How many connections to one origin are kept idle; the least recently used are closed first.</summary>
    /// <value>Default: 100. 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxIdleConnectionsPerServer
    {
        get => _settings.MaxIdleConnectionsPerServer;
        set
        {
            CheckMutable();
            RequireNotNegative(value);
            _settings.MaxIdleConnectionsPerServer = value;
        }
    }

    /// <summary>How many connections to all origins together are kept idle; the least recently used are closed first.</summary>
    /// <value>Default: 1000. 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxIdleConnections
    {
        get => _settings.MaxIdleConnections;
        set
        {
            CheckMutable();
            RequireNotNegative(value);
            _settings.MaxIdleConnections = value;
        }
    }

    /// <summary>The fraction by which each connection's lifetime is shortened at most, at random, so that connections opened together do not end together.</summary>
    /// <value>Default: 0.1. From 0 to 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public double PooledConnectionLifetimeJitter
    {
        get => _settings.PooledConnectionLifetimeJitter;
        set
        {
            CheckMutable();
            RequireFraction(value);
            _settings.PooledConnectionLifetimeJitter = value;
        }
    }

    /// <summary>The time for the TLS handshake.</summary>
    /// <value>Default: 10 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan TlsHandshakeTimeout
    {
        get => _settings.TlsHandshakeTimeout;
        set
        {
            CheckMutable();
            RequirePositiveOrInfinite(value);
            _settings.TlsHandshakeTimeout = value;
        }
    }

    /// <summary>The time from the request's last byte to the response's head.</summary>
    /// <value>Default: infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ResponseHeadersTimeout
    {
        get => _settings.ResponseHeadersTimeout;
        set
        {
            CheckMutable();
            RequirePositiveOrInfinite(value);
            _settings.ResponseHeadersTimeout = value;
        }
    }

    /// <summary>The time a read of the response's body may wait for the next bytes.</summary>
    /// <value>Default: infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan ResponseBodyIdleTimeout
    {
        get => _settings.ResponseBodyIdleTimeout;
        set
        {
            CheckMutable();
            RequirePositiveOrInfinite(value);
            _settings.ResponseBodyIdleTimeout = value;
        }
    }

    /// <summary>How long a request may wait for a connection.</summary>
    /// <value>Default: infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan PendingRequestTimeout
    {
        get => _settings.PendingRequestTimeout;
        set
        {
            CheckMutable();
            RequirePositiveOrInfinite(value);
            _settings.PendingRequestTimeout = value;
        }
    }

    /// <summary>How many requests to one origin may wait for a connection that nobody is opening for them; one more fails at once.</summary>
    /// <value>Default: <see cref="int.MaxValue"/>. 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxPendingRequestsPerServer
    {
        get => _settings.MaxPendingRequestsPerServer;
        set
        {
            CheckMutable();
            RequireNotNegative(value);
            _settings.MaxPendingRequestsPerServer = value;
        }
    }

    /// <summary>How often the name of an origin in use is resolved again in the background. Connections whose address left the answer are retired; the others stay.</summary>
    /// <value>Default: 30 seconds; infinite turns it off.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan DnsRefreshInterval
    {
        get => _settings.DnsRefreshInterval;
        set
        {
            CheckMutable();
            RequirePositiveOrInfinite(value);
            _settings.DnsRefreshInterval = value;
        }
    }

    /// <summary>The interval of the operating system's TCP keep-alive probes.</summary>
    /// <value>Default: 30 seconds; infinite turns them off.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan TcpKeepAliveInterval
    {
        get => _settings.TcpKeepAliveInterval;
        set
        {
            CheckMutable();
            RequirePositiveOrInfinite(value);
            _settings.TcpKeepAliveInterval = value;
        }
    }

    /// <summary>How long the connection of a cancelled request keeps reading for the rest of its response, in order to be kept. HTTP/2 needs no drain: a cancelled request's stream is reset.</summary>
    /// <value>Default: 250 ms. Zero closes at once.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan CancellationDrainTimeout
    {
        get => _settings.CancellationDrainTimeout;
        set
        {
            CheckMutable();
            RequireNotNegativeFinite(value);
            _settings.CancellationDrainTimeout = value;
        }
    }

    /// <summary>How many bytes of a cancelled request's response are read in order to keep the connection.</summary>
    /// <value>Default: 64 KiB. In bytes, 0 or more.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int MaxCancellationDrainSize
    {
        get => _settings.MaxCancellationDrainSize;
        set
        {
            CheckMutable();
            RequireNotNegative(value);
            _settings.MaxCancellationDrainSize = value;
        }
    }

    /// <summary>When a failed exchange may be sent again on another connection.</summary>
    /// <value>Default: <see cref="ReplayPolicy.Safe"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public ReplayPolicy ReplayPolicy
    {
        get => _settings.ReplayPolicy;
        set
        {
            CheckMutable();
            RequireDefined(value);
            _settings.ReplayPolicy = value;
        }
    }

    // What needs proxies or authentication, which do not exist yet, and HTTP/2

    /// <summary>Credentials for server authentication. Not supported yet.</summary>
    /// <value>Default: .NET's.</value>
    /// <exception cref="NotSupportedException">The value is not the default.</exception>
    public ICredentials? Credentials
    {
        get => null;
        set
        {
            CheckMutable();
            ThrowIfUnsupported(value is not null);
        }
    }

    /// <summary>Credentials for the environment's proxy. Not supported yet.</summary>
    /// <value>Default: .NET's.</value>
    /// <exception cref="NotSupportedException">The value is not the default.</exception>
    public ICredentials? DefaultProxyCredentials
    {
        get => null;
        set
        {
            CheckMutable();
            ThrowIfUnsupported(value is not null);
        }
    }

    /// <summary>The proxy of every request. Not supported yet.</summary>
    /// <value>Default: .NET's.</value>
    /// <exception cref="NotSupportedException">The value is not the default.</exception>
    public IWebProxy? Proxy
    {
        get => null;
        set
        {
            CheckMutable();
            ThrowIfUnsupported(value is not null);
        }
    }

    /// <summary>Whether credentials are sent before they are asked for. Not supported yet.</summary>
    /// <value>Default: .NET's.</value>
    /// <exception cref="NotSupportedException">The value is not the default.</exception>
    public bool PreAuthenticate
    {
        get => false;
        set
        {
            CheckMutable();
            ThrowIfUnsupported(value);
        }
    }

    /// <summary>
    /// Whether an origin gets another HTTP/2 connection when each it has serves as many streams as the server allows. Without it requests wait for a stream
    /// then.
    /// </summary>
    /// <remarks>
    /// The default is not .NET's: the stream limit of one TCP connection, often 100, shall not cap a program silently.
    /// <see cref="MaxConnectionsPerServer"/> bounds the connections.
    /// </remarks>
    /// <value>Default: <see langword="true"/> (.NET: <see langword="false"/>).</value>
    public bool EnableMultipleHttp2Connections
    {
        get => _settings.EnableMultipleHttp2Connections;
        set
        {
            CheckMutable();
            _settings.EnableMultipleHttp2Connections = value;
        }
    }

    /// <summary>Whether an origin may have more than one HTTP/3 connection. HTTP/3 is not supported.</summary>
    /// <value>Default: .NET's.</value>
    /// <exception cref="NotSupportedException">The value is not the default.</exception>
    public bool EnableMultipleHttp3Connections
    {
        get => false;
        set
        {
            CheckMutable();
            ThrowIfUnsupported(value);
        }
    }

    /// <summary>How much of a response's body an HTTP/2 stream takes, at first, before it is read (RFC 9113 §6.9.2).</summary>
    /// <value>Default: 65,535 bytes, which is also the least. At most 16 MiB.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public int InitialHttp2StreamWindowSize
    {
        get => _settings.InitialHttp2StreamWindowSize;
        set
        {
            CheckMutable();
            if (value < HandlerDefaults.InitialHttp2StreamWindowSize || value > HandlerDefaults.MaxHttp2StreamWindowSize)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(InitialHttp2StreamWindowSize), value, ErrorTexts.MustBeStreamWindow(HandlerDefaults.InitialHttp2StreamWindowSize, HandlerDefaults.MaxHttp2StreamWindowSize));
            }

            _settings.InitialHttp2StreamWindowSize = value;
        }
    }

    /// <summary>How long nothing must have come on an HTTP/2 connection before it is pinged, to learn whether it is alive (RFC 9113 §6.7).</summary>
    /// <value>Default: <see cref="Timeout.InfiniteTimeSpan"/>, no pings. At least 1 second.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan KeepAlivePingDelay
    {
        get => _settings.KeepAlivePingDelay;
        set
        {
            CheckMutable();
            RequireSecondOrInfinite(value);
            _settings.KeepAlivePingDelay = value;
        }
    }

    /// <summary>Whether HTTP/2 connections are pinged always, or only while they serve requests.</summary>
    /// <value>Default: <see cref="HttpKeepAlivePingPolicy.Always"/>.</value>
    public HttpKeepAlivePingPolicy KeepAlivePingPolicy
    {
        get => _settings.KeepAlivePingPolicy;
        set
        {
            CheckMutable();
            _settings.KeepAlivePingPolicy = value;
        }
    }

    /// <summary>How long a ping may stay unanswered before its HTTP/2 connection is closed (<see cref="CloseReason.PingTimeout"/>).</summary>
    /// <value>Default: 20 seconds. At least 1 second, or infinite.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public TimeSpan KeepAlivePingTimeout
    {
        get => _settings.KeepAlivePingTimeout;
        set
        {
            CheckMutable();
            RequireSecondOrInfinite(value);
            _settings.KeepAlivePingTimeout = value;
        }
    }

    /// <summary>A bag for the application's own data; the handler does not read it.</summary>
    /// <value>An empty dictionary at first.</value>
    public IDictionary<string, object?> Properties => _settings.Properties ??= new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <summary>The clock of the pool and of every timeout.</summary>
    internal TimeProvider TimeProvider
    {
        get => _settings.TimeProvider;
        set
        {
            CheckMutable();
            _settings.TimeProvider = value;
        }
    }

    /// <summary>How names become addresses.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> ResolveNames
    {
        get => _settings.ResolveNames;
        set
        {
            CheckMutable();
            _settings.ResolveNames = value;
        }
    }

    /// <summary>Tells what the connections are doing and what they did since the handler was made.</summary>
    /// <returns>A copy; it does not change afterwards.</returns>
    public PoolSnapshot GetSnapshot() =>
        Volatile.Read(ref _engine)?.GetSnapshot() ?? new PoolSnapshot([], _settings.TimeProvider.GetUtcNow());

    /// <summary>Closes the connections that rest in the pool. Busy ones stay and are kept when they come back.</summary>
    /// <returns>How many were closed.</returns>
    public int CloseIdleConnections() => Volatile.Read(ref _engine)?.CloseIdleConnections() ?? 0;

    /// <summary>
    /// Opens connections before they are needed, with their TCP and TLS handshakes, and leaves them idle in the pool. Connections that are
    /// already there count; the limits hold.
    /// </summary>
    /// <param name="origin">Scheme, host and port; path and query are ignored.</param>
    /// <param name="connections">How many connections the origin should have. At least 1.</param>
    /// <param name="cancellationToken">Ends the wait; connections being opened still go to the pool.</param>
    /// <returns>How many connections were opened; fewer than asked for when limits or failures stood in the way of some.</returns>
    /// <exception cref="ArgumentException"><paramref name="origin"/> is not an absolute http or https URI.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="connections"/> is less than 1.</exception>
    /// <exception cref="TransportException">Not one connection could be opened.</exception>
    public Task<int> PrewarmAsync(Uri origin, int connections, CancellationToken cancellationToken = default) =>
        PrewarmAsync(origin, connections, HttpVersion.Version11, cancellationToken);

    /// <summary>
    /// Opens connections before they are needed, for requests of a version: requests that may be sent with HTTP/2 and requests that may not have their own
    /// connections. Connections that are already there count; the limits hold.
    /// </summary>
    /// <param name="origin">Scheme, host and port; path and query are ignored.</param>
    /// <param name="connections">How many connections the origin should have. At least 1; one of HTTP/2 serves many requests, and without
    /// <see cref="EnableMultipleHttp2Connections"/> there will be but one.</param>
    /// <param name="httpVersion">1.1 or 2.0. With 2.0 it is for requests of that version: over https with any policy, and the server has the choice between
    /// HTTP/2 and HTTP/1.1; over http with <see cref="HttpVersionPolicy.RequestVersionExact"/> or <see cref="HttpVersionPolicy.RequestVersionOrHigher"/>.</param>
    /// <param name="cancellationToken">Ends the wait; connections being opened still go to the pool.</param>
    /// <returns>How many connections were opened; fewer than asked for when limits or failures stood in the way of some.</returns>
    /// <exception cref="ArgumentException"><paramref name="origin"/> is not an absolute http or https URI.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="connections"/> is less than 1, or <paramref name="httpVersion"/> is another version.</exception>
    /// <exception cref="TransportException">Not one connection could be opened.</exception>
    public Task<int> PrewarmAsync(Uri origin, int connections, Version httpVersion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(httpVersion);
        ArgumentOutOfRangeException.ThrowIfLessThan(connections, 1);
        if (!origin.IsAbsoluteUri || (origin.Scheme != Uri.UriSchemeHttp && origin.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException(ErrorTexts.OriginMustBeHttp(origin), nameof(origin));
        }

        if (httpVersion != HttpVersion.Version11 && httpVersion != HttpVersion.Version20)
        {
            throw new ArgumentOutOfRangeException(nameof(httpVersion), httpVersion, ErrorTexts.MustBeHttp11Or20);
        }

        return Engine.PrewarmAsync(origin, connections, http2: httpVersion == HttpVersion.Version20, cancellationToken);
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SynchronousSend.Run(Engine, request, cancellationToken);

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Engine.SendAsync(request, cancellationToken);
    }

    /// <summary>
    /// Ends gracefully: takes no more requests, closes idle connections at once, lets the exchanges that are under way end, for at most 30 seconds,
    /// and closes what is left then.
    /// </summary>
    /// <returns>Ends when the last connection is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        ExchangeEngine? engine;
        lock (_gate)
        {
            _disposed = true;
            engine = _engine;
        }

        if (engine is not null)
        {
            await engine.DrainAsync().ConfigureAwait(false);
        }

        Dispose();
    }

    /// <summary>Closes every connection at once; requests in flight fail with <see cref="ObjectDisposedException"/> inside a <see cref="TransportException"/>.</summary>
    /// <param name="disposing">Whether <see cref="IDisposable.Dispose"/> called it.</param>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            ExchangeEngine? engine;
            lock (_gate)
            {
                _disposed = true;
                engine = _engine;
            }

            engine?.Dispose();
        }

        base.Dispose(disposing);
    }

    private ExchangeEngine Engine => Volatile.Read(ref _engine) ?? StartEngine();

    private ExchangeEngine StartEngine()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _engine ??= new ExchangeEngine(_settings);
        }
    }

    private void CheckMutable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_engine is not null)
        {
            throw new InvalidOperationException(ErrorTexts.SettingsAreFrozen);
        }
    }

    private static void RequireAtLeastOne(int value, [CallerMemberName] string? setting = null) =>
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, setting);

    private static void RequireNotNegative(int value, [CallerMemberName] string? setting = null) =>
        ArgumentOutOfRangeException.ThrowIfNegative(value, setting);

    private static void RequireFraction(double value, [CallerMemberName] string? setting = null)
    {
        if (!(value is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(setting, value, ErrorTexts.MustBeFraction);
        }
    }

    private static void RequireDefined(ReplayPolicy value, [CallerMemberName] string? setting = null)
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(setting, value, null);
        }
    }

    private static void RequirePositiveOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null) =>
        TimeoutRange.RequirePositiveOrInfinite(value, setting);

    private static void RequireNotNegativeOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null) =>
        TimeoutRange.RequireNotNegativeOrInfinite(value, setting);

    private static void RequireSecondOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null)
    {
        if (value < TimeSpan.FromSeconds(1) && value != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(setting, value, ErrorTexts.MustBeSecondOrInfinite);
        }
    }

    /// <summary>For what is only compared with an age: no timer has to be able to wait for it.</summary>
    private static void RequireDurationOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null)
    {
        if (value < TimeSpan.Zero && value != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(setting, value, ErrorTexts.MustBeDuration);
        }
    }

    private static void RequireNotNegativeFinite(TimeSpan value, [CallerMemberName] string? setting = null)
    {
        if (value == Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(setting, value, ErrorTexts.MustBeFinite);
        }

        TimeoutRange.RequireNotNegativeOrInfinite(value, setting);
    }

    private static void ThrowIfUnsupported(bool differsFromDefault, [CallerMemberName] string? setting = null)
    {
        if (differsFromDefault)
        {
            throw new NotSupportedException(ErrorTexts.SettingNotSupported(setting!));
        }
    }
}
