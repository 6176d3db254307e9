using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Diagnostics;
using Warmwire.Proxies;

namespace Warmwire.Connections;

/// <summary>The way of a connection to its server: a <see cref="RouteIdentity"/>, with the texts that are made of it once.</summary>
internal sealed class Route : IEquatable<Route>
{
    private readonly RouteIdentity _identity;
    private readonly int _hashCode;

    public Route(in RouteIdentity identity)
    {
        _identity = identity;
        _hashCode = identity.GetHashCode();
        HostAndPort = new HostAndPort(identity.Host, identity.Port);
        Origin = $"{(identity.IsTls ? "https" : "http")}://{HostAndPort.ToString()}";
        DialedHost = HostAndPort;
        OriginAndProxy = Origin;
        if (identity.Proxy is { } proxy)
        {
            Origin = identity.IsForwarding ? proxy.Text : Origin;
            DialedHost = proxy.HostAndPort with { Role = identity.IsForwarding ? "a proxy" : ProxyErrorTexts.ProxyOf(Origin) };
            OriginAndProxy = identity.IsForwarding ? Origin : ProxyErrorTexts.Through(Origin, proxy.Text);
        }

        if (identity.UnixSocketPath is { } path)
        {
            UnixSocket = new UnixDomainSocketEndPoint(path);
            OriginAndProxy = UnixSocketErrorTexts.Through(Origin, path);
            HostAndPort = HostAndPort with { Role = UnixSocketErrorTexts.At(path) };
            DialedHost = HostAndPort;
        }

        EndPoints = new RouteEndPoints(DialedHost.Host, DialedHost.Port);
    }

    public Route(bool isTls, string host, int port, string? tlsHost = null, X509Certificate2? clientCertificate = null,
        ProtocolOffer protocols = ProtocolOffer.Http1)
        : this(new RouteIdentity(isTls, host, port, tlsHost, clientCertificate, protocols))
    {
    }

    public ref readonly RouteIdentity Identity => ref _identity;

    public bool IsTls => _identity.IsTls;

    /// <inheritdoc cref="RouteIdentity.Host"/>
    public string Host => _identity.Host;

    public int Port => _identity.Port;

    /// <inheritdoc cref="RouteIdentity.TlsHost"/>
    public string? TlsHost => _identity.TlsHost;

    /// <inheritdoc cref="RouteIdentity.ServerName"/>
    public string? ServerName => _identity.ServerName;

    /// <inheritdoc cref="RouteIdentity.ClientCertificate"/>
    public X509Certificate2? ClientCertificate => _identity.ClientCertificate;

    /// <inheritdoc cref="RouteIdentity.Protocols"/>
    public ProtocolOffer Protocols => _identity.Protocols;

    /// <inheritdoc cref="RouteIdentity.Proxy"/>
    public ProxyHop? Proxy => _identity.Proxy;

    /// <inheritdoc cref="RouteIdentity.IsForwarding"/>
    public bool IsForwarding => _identity.IsForwarding;

    /// <inheritdoc cref="RouteIdentity.UnixSocketPath"/>
    public string? UnixSocketPath => _identity.UnixSocketPath;

    /// <summary>Whether a tunnel of an HTTP proxy lies between: what is meant for the proxy must not go through it.</summary>
    public bool IsTunneled => _identity is { Proxy.IsSocks: false, IsForwarding: false };

    /// <summary>Where connections go to: the server, or the proxy before it. Whatever is about addresses is about this host.</summary>
    public HostAndPort DialedHost { get; }

    /// <summary>That host is a name, not an address.</summary>
    public bool CanBeResolved => EndPoints.Literal is null && UnixSocket is null;

    /// <summary>What its connections go through in place of TCP; <see langword="null"/> for TCP. It cannot be changed.</summary>
    public UnixDomainSocketEndPoint? UnixSocket { get; }

    /// <summary>What its connections lead to.</summary>
    public RouteEndPoints EndPoints { get; }

    /// <summary>For texts about the server itself.</summary>
    public HostAndPort HostAndPort { get; }

    /// <summary>
    /// For people: <c>https://api.example.com:443</c>. The proxy, where it forwards: then each request has an origin of its own.
    /// </summary>
    public string Origin { get; }

    /// <summary>The same with the proxy that a tunnel goes through, or the Unix domain socket, for the texts of errors.</summary>
    public string OriginAndProxy { get; }

    /// <summary>
    /// The value of the Host field of its requests, once one was written. The first request makes it, and all would make the same.
    /// </summary>
    public byte[]? HostValue { get; set; }

    public bool Equals(Route? other) => other is not null && (ReferenceEquals(this, other) || _identity.Is(other._identity));

    public override bool Equals(object? obj) => Equals(obj as Route);

    public override int GetHashCode() => _hashCode;

    public override string ToString() => Origin;
}
