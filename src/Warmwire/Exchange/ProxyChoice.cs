using System.Net;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// Which proxy a request goes through, and on which route: decided anew for each hop, since a redirect may lead elsewhere.
/// </summary>
internal sealed class ProxyChoice
{
    private readonly HandlerSettings _settings;
    private readonly IWebProxy? _proxy;
    private readonly EnvironmentRules? _environment;
    private volatile Known? _last;

    /// <remarks>As in .NET, <see cref="HttpClient.DefaultProxy"/> counts as it is at the first request.</remarks>
    public ProxyChoice(HandlerSettings settings)
    {
        _settings = settings;
        _proxy = settings.UseProxy ? settings.Proxy ?? HttpClient.DefaultProxy : null;

        // A program can set another, of its own or a WebProxy; what .NET itself has made is of the assembly of HttpClient.
        if (_proxy is not null && settings.Proxy is null && _proxy.GetType().Assembly == typeof(HttpClient).Assembly)
        {
            _environment = EnvironmentRules.Read(Environment.GetEnvironmentVariable);
        }
    }

    /// <summary>The proxy of a request; <see langword="null"/> to go straight.</summary>
    /// <exception cref="NotSupportedException">The proxy is of an unknown kind.</exception>
    public ProxyHop? Find(Uri uri, RequestSettings settings)
    {
        IWebProxy? proxy = settings.HasOwnProxy ? settings.Proxy : _proxy;
        if (proxy is null || UserCode.ProxyFor(proxy, uri) is not { } address)
        {
            return null;
        }

        Uri? chosen = _environment is null || settings.HasOwnProxy ? address : _environment.Apply(uri, address);
        return chosen is null ? null : Of(proxy, chosen);
    }

    /// <summary>
    /// The route. A proxy forwards what is plain HTTP/1.1, and its connections then serve every origin. All else needs a tunnel: TLS,
    /// HTTP/2, which has no absolute form towards a proxy of HTTP/1.1, and as in .NET the WebSocket of a ws URI.
    /// </summary>
    public static RouteIdentity RouteOf(ProxyHop? proxy, Uri uri, RouteIdentity straight) =>
        proxy is null ? straight
            : Forwards(proxy, uri, straight.Protocols) ? RouteIdentity.Forwarding(proxy, straight.Identity)
            : straight.Through(proxy);

    /// <summary>Whether the proxy itself reads the request and answers it.</summary>
    public static bool Forwards(ProxyHop proxy, Uri uri, ProtocolOffer protocols) =>
        !proxy.IsSocks && protocols == ProtocolOffer.Http1 && uri.Scheme == Uri.UriSchemeHttp;

    /// <summary>Nearly always the proxy of the request before: the same object, with what is remembered of it.</summary>
    private ProxyHop Of(IWebProxy proxy, Uri address)
    {
        ICredentials? credentials = UserCode.CredentialsOf(proxy) ?? _settings.DefaultProxyCredentials;
        Known? last = _last;
        if (last is not null
            && (ReferenceEquals(last.Address, address) || last.Address == address)
            && last.Address.UserInfo == address.UserInfo
            && ProxyHop.AreSame(last.Credentials, credentials))
        {
            return last.Hop;
        }

        var hop = ProxyHop.Of(address, credentials);
        _last = new Known(address, credentials, hop);
        return hop;
    }

    private sealed record Known(Uri Address, ICredentials? Credentials, ProxyHop Hop);
}
