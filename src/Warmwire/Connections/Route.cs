using System.Security.Cryptography.X509Certificates;
using Warmwire.Diagnostics;

namespace Warmwire.Connections;

/// <summary>
/// What makes two connections interchangeable. Whatever changes where a connection leads or whom it authenticates belongs here, so that
/// no request is ever sent on a connection made for another purpose.
/// </summary>
internal sealed class Route : IEquatable<Route>
{
    private readonly int _hashCode;

    public Route(bool isTls, string host, int port, string? tlsHost = null, X509Certificate2? clientCertificate = null, ProtocolOffer protocols = ProtocolOffer.Http1)
    {
        IsTls = isTls;
        Protocols = protocols;
        Host = host;
        Port = port;
        TlsHost = isTls ? tlsHost ?? host : null;
        ClientCertificate = isTls ? clientCertificate : null;
        CanBeResolved = !System.Net.IPAddress.TryParse(host, out _);
        _hashCode = HashOf(isTls, host, port, protocols);
        HostAndPort = new HostAndPort(host, port);
        Origin = $"{(isTls ? "https" : "http")}://{HostAndPort}";
    }

    public bool IsTls { get; }

    /// <summary>The host to connect to: a name in its ASCII form, or an address without brackets.</summary>
    public string Host { get; }

    public int Port { get; }

    /// <summary>The name the server must prove with its certificate; <see langword="null"/> without TLS. A user-given Host header changes it, as in .NET.</summary>
    public string? TlsHost { get; }

    /// <summary>The certificate of <see cref="TransportOptions.ClientCertificate"/>.</summary>
    public X509Certificate2? ClientCertificate { get; }

    /// <summary>What its connections may speak.</summary>
    public ProtocolOffer Protocols { get; }

    /// <summary>The host is a name, not an address.</summary>
    public bool CanBeResolved { get; }

    /// <summary>For texts about the server itself.</summary>
    public HostAndPort HostAndPort { get; }

    /// <summary>For people: <c>https://api.example.com:443</c>.</summary>
    public string Origin { get; }

    /// <summary>The value of the Host field of its requests, once one was written; whoever is first makes it, and all make the same.</summary>
    public byte[]? HostValue { get; set; }

    public static int HashOf(bool isTls, string host, int port, ProtocolOffer protocols) =>
        HashCode.Combine(isTls, StringComparer.OrdinalIgnoreCase.GetHashCode(host), port, protocols);

    /// <summary>Whether this is the key of these parts; the arguments are the constructor's.</summary>
    public bool Is(bool isTls, string host, int port, string? tlsHost, X509Certificate2? clientCertificate, ProtocolOffer protocols) =>
        IsTls == isTls
        && Port == port
        && Protocols == protocols
        && string.Equals(Host, host, StringComparison.OrdinalIgnoreCase)
        && (!isTls || (string.Equals(TlsHost, tlsHost ?? host, StringComparison.OrdinalIgnoreCase) && SameCertificate(ClientCertificate, clientCertificate)));

    public bool Equals(Route? other) =>
        other is not null && (ReferenceEquals(this, other) || Is(other.IsTls, other.Host, other.Port, other.TlsHost, other.ClientCertificate, other.Protocols));

    public override bool Equals(object? obj) => Equals(obj as Route);

    public override int GetHashCode() => _hashCode;

    public override string ToString() => Origin;

    private static bool SameCertificate(X509Certificate2? one, X509Certificate2? other) =>
        ReferenceEquals(one, other)
        || (one is not null && other is not null && one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span) && one.HasPrivateKey == other.HasPrivateKey);
}
