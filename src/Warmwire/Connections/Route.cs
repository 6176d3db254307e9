using System.Security.Cryptography.X509Certificates;
using Warmwire.Diagnostics;

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
        EndPoints = new RouteEndPoints(identity.Host, identity.Port);
        HostAndPort = new HostAndPort(identity.Host, identity.Port);
        Origin = $"{(identity.IsTls ? "https" : "http")}://{HostAndPort.ToString()}";
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

    /// <inheritdoc cref="RouteIdentity.ClientCertificate"/>
    public X509Certificate2? ClientCertificate => _identity.ClientCertificate;

    /// <inheritdoc cref="RouteIdentity.Protocols"/>
    public ProtocolOffer Protocols => _identity.Protocols;

    /// <summary>The host is a name, not an address.</summary>
    public bool CanBeResolved => EndPoints.Literal is null;

    /// <summary>What its connections lead to.</summary>
    public RouteEndPoints EndPoints { get; }

    /// <summary>For texts about the server itself.</summary>
    public HostAndPort HostAndPort { get; }

    /// <summary>For people: <c>https://api.example.com:443</c>.</summary>
    public string Origin { get; }

    /// <summary>
    /// The value of the Host field of its requests, once one was written. The first request makes it, and all would make the same.
    /// </summary>
    public byte[]? HostValue { get; set; }

    public bool Equals(Route? other) => other is not null && (ReferenceEquals(this, other) || _identity.Is(other._identity));

    public override bool Equals(object? obj) => Equals(obj as Route);

    public override int GetHashCode() => _hashCode;

    public override string ToString() => Origin;
}
