using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>The parts of a key, to look a pool up without making the key.</summary>
internal readonly record struct OriginProbe(bool IsTls, string Host, int Port, string? TlsHost, X509Certificate2? ClientCertificate, ProtocolOffer Protocols = ProtocolOffer.Http1)
{
    public Route ToKey() => new(IsTls, Host, Port, TlsHost, ClientCertificate, Protocols);
}

/// <summary>Compares keys, and keys with their parts.</summary>
internal sealed class OriginComparer : IEqualityComparer<Route>, IAlternateEqualityComparer<OriginProbe, Route>
{
    public bool Equals(Route? x, Route? y) => x is null ? y is null : x.Equals(y);

    public int GetHashCode(Route obj) => obj.GetHashCode();

    public bool Equals(OriginProbe alternate, Route other) =>
        other.Is(alternate.IsTls, alternate.Host, alternate.Port, alternate.TlsHost, alternate.ClientCertificate, alternate.Protocols);

    public int GetHashCode(OriginProbe alternate) => Route.HashOf(alternate.IsTls, alternate.Host, alternate.Port, alternate.Protocols);

    public Route Create(OriginProbe alternate) => alternate.ToKey();
}
