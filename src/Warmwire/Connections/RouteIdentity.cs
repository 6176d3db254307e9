using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Authentication;
using Warmwire.Proxies;

namespace Warmwire.Connections;

/// <summary>
/// What makes two connections interchangeable: origin, proxy hop, TLS identity and protocol offer. Whatever changes where a connection
/// leads, or whom it authenticates, belongs here, so that no request is ever sent on a connection made for another purpose.
/// </summary>
/// <remarks>
/// The only equality and the only hash of routes: <see cref="Route"/>, the table of origins and the shortcut before it all ask here. A
/// value, so that an origin is looked up without allocating. A new member goes into the constructor and into <see cref="Is"/>; a test takes
/// every field from here and fails without it.
/// </remarks>
internal readonly struct RouteIdentity : IEquatable<RouteIdentity>
{
    public RouteIdentity(
        bool isTls,
        string host,
        int port,
        string? tlsHost = null,
        X509Certificate2? clientCertificate = null,
        ProtocolOffer protocols = ProtocolOffer.Http1,
        ProxyHop? proxy = null,
        bool isForwarding = false,
        ConnectionIdentity? identity = null,
        string? unixSocketPath = null,
        string? serverName = null)
    {
        Debug.Assert(proxy is null || unixSocketPath is null, "what a Unix socket leads to needs no proxy");
        IsTls = isTls;
        Host = host;
        Port = port;
        Proxy = proxy;
        IsForwarding = isForwarding;
        TlsHost = isTls ? tlsHost ?? serverName ?? host : null;
        ServerName = isTls ? serverName ?? host : null;
        ClientCertificate = isTls ? clientCertificate : null;
        Protocols = protocols;
        Identity = identity;
        UnixSocketPath = unixSocketPath;
    }

    // The origin.

    public bool IsTls { get; }

    /// <summary>The host to connect to: a name in its ASCII form, or an address without brackets.</summary>
    public string Host { get; }

    public int Port { get; }

    // The proxy hop.

    /// <summary>The proxy between; <see langword="null"/> for a connection that goes straight.</summary>
    public ProxyHop? Proxy { get; }

    /// <summary>
    /// The proxy forwards each request by itself, so the connections serve every origin behind it, and the origin above is the proxy's own.
    /// <see langword="false"/> where it opens a tunnel to one origin.
    /// </summary>
    public bool IsForwarding { get; }

    // The Unix domain socket.

    /// <summary>
    /// The socket that connections go through, whatever the host of the origin is; <see langword="null"/> for connections over TCP.
    /// </summary>
    public string? UnixSocketPath { get; }

    // The TLS identity.

    /// <summary>
    /// The name the server must prove with its certificate; <see langword="null"/> without TLS: what
    /// <see cref="TransportOptions.TlsServerName"/> says, else the <see cref="ServerName"/>.
    /// </summary>
    public string? TlsHost { get; }

    /// <summary>
    /// The name of the server in the requests: that of a user-given Host header, else the host; <see langword="null"/> without TLS. As in
    /// .NET it keeps connections apart, and telemetry tells it.
    /// </summary>
    public string? ServerName { get; }

    /// <summary>The certificate of <see cref="TransportOptions.ClientCertificate"/>; <see langword="null"/> without TLS.</summary>
    public X509Certificate2? ClientCertificate { get; }

    // The protocol offer.

    /// <summary>What its connections may speak.</summary>
    public ProtocolOffer Protocols { get; }

    // The identity.

    /// <summary>
    /// Whom its connections are authenticated as, by NTLM or Negotiate; <see langword="null"/> for connections that are not authenticated.
    /// </summary>
    public ConnectionIdentity? Identity { get; }

    /// <summary>
    /// The route of all requests of one identity that a proxy forwards: http:// without TLS to the server. A proxy may keep a connection of
    /// its own to the server for each of ours, so that one may be authenticated, too.
    /// </summary>
    public static RouteIdentity Forwarding(ProxyHop proxy, ConnectionIdentity? identity = null) => new(
        isTls: false,
        proxy.Host,
        proxy.Port,
        tlsHost: null,
        clientCertificate: null,
        ProtocolOffer.Http1,
        proxy,
        isForwarding: true,
        identity);

    /// <summary>The same route with a tunnel through a proxy.</summary>
    public RouteIdentity Through(ProxyHop proxy) =>
        new(IsTls, Host, Port, TlsHost, ClientCertificate, Protocols, proxy, isForwarding: false, Identity, serverName: ServerName);

    /// <summary>
    /// Whether both are the same route. References first: requests of one program bring the same strings and certificates again and again.
    /// </summary>
    public bool Is(in RouteIdentity other) =>
        Port == other.Port
        && IsTls == other.IsTls
        && Protocols == other.Protocols
        && SameName(Host, other.Host)
        && SameName(TlsHost, other.TlsHost)
        && SameName(ServerName, other.ServerName)
        && IsForwarding == other.IsForwarding
        && SameProxy(Proxy, other.Proxy)
        && string.Equals(UnixSocketPath, other.UnixSocketPath, StringComparison.Ordinal)
        && SameCertificate(ClientCertificate, other.ClientCertificate)
        && (ReferenceEquals(Identity, other.Identity) || Identity?.Equals(other.Identity) == true);

    public bool Equals(RouteIdentity other) => Is(other);

    public override bool Equals(object? obj) => obj is RouteIdentity other && Is(other);

    /// <summary>
    /// Without the certificate, the proxy and the identity: those that differ in nothing else are few. Names of servers may be many behind
    /// one host, in a reverse proxy.
    /// </summary>
    public override int GetHashCode() =>
        (ServerName is null || SameName(ServerName, Host) ? 0 : StringComparer.OrdinalIgnoreCase.GetHashCode(ServerName))
        + (StringComparer.OrdinalIgnoreCase.GetHashCode(Host) * 31) + (Port << 4) + ((int)Protocols << 1) + (IsTls ? 1 : 0)
        + (UnixSocketPath is null ? 0 : UnixSocketPath.GetHashCode(StringComparison.Ordinal));

    private static bool SameName(string? one, string? other) =>
        ReferenceEquals(one, other) || string.Equals(one, other, StringComparison.Ordinal)
            || string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static bool SameProxy(ProxyHop? one, ProxyHop? other) =>
        ReferenceEquals(one, other) || (one is not null && one.Equals(other));

    private static bool SameCertificate(X509Certificate2? one, X509Certificate2? other) =>
        ReferenceEquals(one, other)
        || (one is not null && other is not null && one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span)
            && one.HasPrivateKey == other.HasPrivateKey);
}
