using System.Net;
using Warmwire.Authentication;
using Warmwire.Diagnostics;

namespace Warmwire.Proxies;

/// <summary>
/// A proxy that connections go through: where it is, what it speaks, and as whom it is used. A part of the route, so that no connection is
/// ever used for another proxy, or for other credentials at the same one.
/// </summary>
internal sealed class ProxyHop : IEquatable<ProxyHop>
{
    private const int SocksPort = 1080; // RFC 1928 §3

    private ProxyHop(ProxyKind kind, Uri address, ICredentials? credentials)
    {
        Kind = kind;
        Host = address.IdnHost;
        Port = address.Port >= 0 ? address.Port : SocksPort;
        Credentials = credentials;
        HostAndPort = new HostAndPort(Host, Port);
        Text = $"{address.Scheme}://{HostAndPort.ToString()}";
        Address = new Uri(Text + "/");
    }

    public ProxyKind Kind { get; }

    /// <summary>A name in its ASCII form, or an address without brackets.</summary>
    public string Host { get; }

    public int Port { get; }

    public HostAndPort HostAndPort { get; }

    /// <summary>For people, and without name and password: <c>http://proxy.example.com:3128</c>.</summary>
    public string Text { get; }

    /// <summary>What credentials are asked for. Without name and password.</summary>
    public Uri Address { get; }

    public ICredentials? Credentials { get; }

    public bool IsSocks => Kind >= ProxyKind.Socks4;

    /// <summary>Whom it is, where it asks for credentials.</summary>
    public AuthenticationTarget Target => new(Address, IsProxy: true);

    /// <summary>What the proxy has accepted, so that not every request and tunnel is refused once (RFC 7617 §2.2).</summary>
    public AuthenticationMemory Memory { get; } = new(answersAhead: true);

    /// <param name="address">
    /// The address that the proxy setting gives. Name and password in it are used where there are no credentials.
    /// </param>
    /// <param name="credentials">The credentials of the proxy setting.</param>
    /// <exception cref="NotSupportedException">The scheme is that of no proxy.</exception>
    public static ProxyHop Of(Uri address, ICredentials? credentials)
    {
        if (!address.IsAbsoluteUri || KindOf(address.Scheme) is not { } kind || address.Host.Length == 0)
        {
            throw new NotSupportedException(ProxyErrorTexts.SchemeNotSupported(address));
        }

        return new ProxyHop(kind, address, credentials ?? InAddress(address));
    }

    public bool Equals(ProxyHop? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && Kind == other.Kind
            && Port == other.Port
            && string.Equals(Host, other.Host, StringComparison.OrdinalIgnoreCase)
            && AreSame(Credentials, other.Credentials));

    public override bool Equals(object? obj) => Equals(obj as ProxyHop);

    /// <summary>Without the credentials: those that differ in nothing else are few.</summary>
    public override int GetHashCode() => (StringComparer.OrdinalIgnoreCase.GetHashCode(Host) * 31) + (Port << 3) + (int)Kind;

    public override string ToString() => Text;

    /// <remarks>
    /// An application may make a new object for the same name and password each time it is asked. Any other implementation is judged by its
    /// identity: to ask it for its names would be a call of the application's code for each request.
    /// </remarks>
    public static bool AreSame(ICredentials? one, ICredentials? other) =>
        ReferenceEquals(one, other)
        || (one is NetworkCredential a
            && other is NetworkCredential b
            && !ReferenceEquals(a, CredentialCache.DefaultCredentials)
            && !ReferenceEquals(b, CredentialCache.DefaultCredentials)
            && a.UserName == b.UserName
            && a.Password == b.Password
            && a.Domain == b.Domain);

    private static ProxyKind? KindOf(string scheme) => scheme switch
    {
        "http" => ProxyKind.Http,
        "https" => ProxyKind.Https,
        "socks4" => ProxyKind.Socks4,
        "socks4a" => ProxyKind.Socks4a,
        "socks5" => ProxyKind.Socks5,
        _ => null,
    };

    private static NetworkCredential? InAddress(Uri address)
    {
        string given = address.UserInfo;
        if (given.Length == 0)
        {
            return null;
        }

        int colon = given.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? new NetworkCredential(Uri.UnescapeDataString(given), "")
            : new NetworkCredential(Uri.UnescapeDataString(given[..colon]), Uri.UnescapeDataString(given[(colon + 1)..]));
    }
}
