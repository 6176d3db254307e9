using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Authentication;
using Warmwire.Sockets;

namespace Warmwire.Settings;

/// <summary>The values behind the properties of <see cref="PooledHttpHandler"/>. Nothing changes them after the first request.</summary>
internal sealed class HandlerSettings
{
    private static readonly SemaphoreSlim s_refreshSlots = new(NameLimits.Refreshes);

    public DistributedContextPropagator? ActivityHeadersPropagator { get; set; } = DistributedContextPropagator.Current;
    public bool AllowAutoRedirect { get; set; } = true;
    public DecompressionMethods AutomaticDecompression { get; set; }
    public ICredentials? Credentials { get; set; }
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? ConnectCallback { get; set; }
    public Func<SocketsHttpConnectionEvictionContext, CancellationToken, Task<bool>>? ShouldEvictConnection { get; set; }
    public TimeSpan ConnectTimeout { get; set; } = HandlerDefaults.ConnectTimeout;
    public CookieContainer? CookieContainer { get; set; }
    public TimeSpan Expect100ContinueTimeout { get; set; } = HandlerDefaults.Expect100ContinueTimeout;
    public int MaxAutomaticRedirections { get; set; } = HandlerDefaults.MaxAutomaticRedirections;
    public int MaxConnectionsPerServer { get; set; } = HandlerDefaults.MaxConnectionsPerServer;
    public int MaxResponseDrainSize { get; set; } = HandlerDefaults.MaxResponseDrainSize;
    public int MaxResponseHeadersLength { get; set; } = HandlerDefaults.MaxResponseHeadersLengthKilobytes;
    public bool EnableMultipleHttp2Connections { get; set; } = true;
    public bool EnableMultipleHttp3Connections { get; set; }
    public int InitialHttp2StreamWindowSize { get; set; } = HandlerDefaults.InitialHttp2StreamWindowSize;
    public TimeSpan KeepAlivePingDelay { get; set; } = Timeout.InfiniteTimeSpan;
    public HttpKeepAlivePingPolicy KeepAlivePingPolicy { get; set; } = HttpKeepAlivePingPolicy.Always;
    public TimeSpan KeepAlivePingTimeout { get; set; } = HandlerDefaults.KeepAlivePingTimeout;
    public IMeterFactory? MeterFactory { get; set; }
    public Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? PlaintextStreamFilter { get; set; }
    public TimeSpan PooledConnectionIdleTimeout { get; set; } = HandlerDefaults.PooledConnectionIdleTimeout;
    public TimeSpan PooledConnectionLifetime { get; set; } = HandlerDefaults.PooledConnectionLifetime;
    public bool PreAuthenticate { get; set; }
    public IDictionary<string, object?>? Properties { get; set; }
    public HeaderEncodingSelector<HttpRequestMessage>? RequestHeaderEncodingSelector { get; set; }
    public TimeSpan ResponseDrainTimeout { get; set; } = HandlerDefaults.ResponseDrainTimeout;
    public HeaderEncodingSelector<HttpRequestMessage>? ResponseHeaderEncodingSelector { get; set; }
    public SslClientAuthenticationOptions? SslOptions { get; set; }
    public bool UseCookies { get; set; } = true;
    public bool UseProxy { get; set; } = true;
    public IWebProxy? Proxy { get; set; }
    public ICredentials? DefaultProxyCredentials { get; set; }

    public int MaxConnections { get; set; } = DescriptorLimit.DefaultMaxConnections;
    public int MaxIdleConnectionsPerServer { get; set; } = HandlerDefaults.MaxIdleConnectionsPerServer;
    public int MaxResponseHeaderCount { get; set; } = HandlerDefaults.MaxResponseHeaderCount;
    public int MaxIdleConnections { get; set; } = HandlerDefaults.MaxIdleConnections;
    public double PooledConnectionLifetimeJitter { get; set; } = HandlerDefaults.PooledConnectionLifetimeJitter;
    public TimeSpan RequestTimeout { get; set; } = Timeout.InfiniteTimeSpan;
    public TimeSpan ResponseHeadersTimeout { get; set; } = Timeout.InfiniteTimeSpan;
    public TimeSpan ResponseBodyIdleTimeout { get; set; } = Timeout.InfiniteTimeSpan;
    public TimeSpan PendingRequestTimeout { get; set; } = Timeout.InfiniteTimeSpan;
    public int MaxPendingRequestsPerServer { get; set; } = HandlerDefaults.MaxPendingRequestsPerServer;
    public AdaptiveConcurrency? ConcurrencyLimit { get; set; }
    public TimeSpan DnsRefreshInterval { get; set; } = HandlerDefaults.DnsRefreshInterval;
    public AddressSelection AddressSelection { get; set; } = HandlerDefaults.AddressSelection;
    public INameResolver NameResolver { get; set; } = SystemResolver.Shared;
    public TimeSpan TcpKeepAliveInterval { get; set; } = HandlerDefaults.TcpKeepAliveInterval;
    public TimeSpan CancellationDrainTimeout { get; set; } = HandlerDefaults.CancellationDrainTimeout;
    public bool VerifyIdleConnections { get; set; }
    public int MaxCancellationDrainSize { get; set; } = HandlerDefaults.MaxCancellationDrainSize;
    public ReplayPolicy ReplayPolicy { get; set; } = ReplayPolicy.Safe;
    public string? UnixSocketPath { get; set; }

    /// <summary>The clock of everything below; tests pass their own.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>What begins NTLM and Negotiate; tests need no domain.</summary>
    public INegotiationFactory Negotiations { get; set; } = SystemNegotiation.Factory;

    /// <summary>What moves the bytes of the connections that are opened; tests name one.</summary>
    public SocketBackEnd SocketBackEnd { get; set; } = SocketBackEnds.Default;

    /// <summary>The same as a function, for tests.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> ResolveNames { set => NameResolver = new CallbackResolver(value); }

    /// <summary>What connects in place of a socket; tests need no network to have addresses that never answer.</summary>
    public Func<IPEndPoint, CancellationToken, Task<Stream>>? Connect { get; set; }

    /// <summary>The same for Unix domain sockets.</summary>
    public Func<UnixDomainSocketEndPoint, CancellationToken, Task<Stream>>? ConnectUnix { get; set; }

    /// <summary>What names that are resolved again take turns by: the process's, in tests one of their own.</summary>
    public SemaphoreSlim RefreshSlots { get; set; } = s_refreshSlots;

    /// <summary>Made by <see cref="RequestSettings.Defaults"/> at the first request, from the values above.</summary>
    public RequestSettings? RequestDefaults { get; set; }

    public TimeSpan TlsHandshakeTimeout
    {
        get => OwnTlsHandshakeTimeout ?? HandlerDefaults.TlsHandshakeTimeout;
        set => OwnTlsHandshakeTimeout = value;
    }

    /// <summary><see langword="null"/>: nobody has set one.</summary>
    public TimeSpan? OwnTlsHandshakeTimeout { get; private set; }

    /// <summary>Whether code of the application runs in a dial.</summary>
    public bool HasDialCallbacks =>
        ConnectCallback is not null
        || PlaintextStreamFilter is not null
        || SslOptions is { RemoteCertificateValidationCallback: not null } or { LocalCertificateSelectionCallback: not null };

    public int MaxResponseHeadersBytes => (int)Math.Min(int.MaxValue, MaxResponseHeadersLength * 1024L);
}
