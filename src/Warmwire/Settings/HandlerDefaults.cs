using System.Threading;

namespace Warmwire.Settings;

/// <summary>Every default of <see cref="PooledHttpHandler"/>, in one place. Rows not marked are .NET's own.</summary>
internal static class HandlerDefaults
{
    public const int MaxAutomaticRedirections = 50;
    public const int MaxConnectionsPerServer = int.MaxValue;
    public const int MaxResponseDrainSize = 1024 * 1024;
    public const int MaxResponseHeadersLengthKilobytes = 64;
    public const int InitialHttp2StreamWindowSize = 65535;
    public const int MaxHttp2StreamWindowSize = 16 * 1024 * 1024;

    // Ours.
    public const int MaxIdleConnectionsPerServer = 100;
    public const int MaxIdleConnections = 1000;
    public const int MaxResponseHeaderCount = 1000;
    public const int MaxPendingRequestsPerServer = int.MaxValue;
    public const int MaxCancellationDrainSize = 64 * 1024;
    public const double PooledConnectionLifetimeJitter = 0.1;
    public const AddressSelection AddressSelection = Warmwire.AddressSelection.LeastLoaded;

    public static readonly TimeSpan ResponseDrainTimeout = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan Expect100ContinueTimeout = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    public static readonly TimeSpan PooledConnectionLifetime = Timeout.InfiniteTimeSpan;

    // Ours.
    public static readonly TimeSpan PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90);
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan TlsHandshakeTimeout = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan DnsRefreshInterval = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan TcpKeepAliveInterval = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan CancellationDrainTimeout = TimeSpan.FromMilliseconds(250);
}
