using System.Net;
using Warmwire.Connections;
using Warmwire.Exchange;
using Warmwire.Proxies;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Exchange;

/// <summary>Which proxy a request goes through, and with which others it shares connections.</summary>
public sealed class ProxyChoiceTests
{
    private static readonly Uri s_uri = new("https://api.test/x?secret");

    [Fact]
    public void No_proxy_is_no_proxy()
    {
        Assert.Null(Find(new Scripted(_ => null)));
        Assert.Null(Find(new Scripted(uri => uri)));
        Assert.Null(Find(new WebProxy()));
        Assert.Null(Find(new WebProxy("http://proxy.test") { BypassList = ["api\\.test"] }));
        Assert.Null(Find(new WebProxy("http://proxy.test"), useProxy: false));
    }

    [Fact]
    public void A_proxy_that_throws_counts_as_none_as_in_dotnet() =>
        Assert.Null(Find(new Scripted(static _ => throw new InvalidOperationException())));

    [Theory]
    [InlineData("http://proxy.test", "http://proxy.test:80")]
    [InlineData("http://proxy.test:3128/path", "http://proxy.test:3128")]
    [InlineData("https://proxy.test", "https://proxy.test:443")]
    [InlineData("socks4://proxy.test", "socks4://proxy.test:1080")]
    [InlineData("socks4a://proxy.test:1", "socks4a://proxy.test:1")]
    [InlineData("SOCKS5://Proxy.Test", "socks5://proxy.test:1080")]
    [InlineData("socks5://[::1]:1", "socks5://[::1]:1")]
    public void Each_kind_has_its_port(string address, string shown) =>
        Assert.Equal(shown, Find(new Scripted(_ => new Uri(address)))?.Text);

    [Theory]
    [InlineData("ftp://proxy.test")]
    [InlineData("socks://proxy.test")]
    [InlineData("file:///proxy")]
    public void Another_kind_is_refused(string address) =>
        Assert.Throws<NotSupportedException>(() => Find(new Scripted(_ => new Uri(address))));

    [Fact]
    public void A_relative_address_is_refused() =>
        Assert.Throws<NotSupportedException>(() => Find(new Scripted(static _ => new Uri("proxy", UriKind.Relative))));

    [Fact]
    public void Credentials_come_from_the_proxy_then_from_the_setting_then_from_the_address()
    {
        var own = new NetworkCredential("own", "1");
        var fallback = new NetworkCredential("default", "2");
        static Uri Address(Uri uri) => new("http://us%3Aer:pass%40word@proxy.test");
        Assert.Same(own, Find(new Scripted(Address) { Credentials = own }, fallback: fallback)!.Credentials);
        Assert.Same(fallback, Find(new Scripted(Address), fallback: fallback)!.Credentials);
        Assert.Same(fallback, Find(new Scripted(Address) { CredentialsThrow = true }, fallback: fallback)!.Credentials);
        var inAddress = Assert.IsType<NetworkCredential>(Find(new Scripted(Address))!.Credentials);
        Assert.Equal(("us:er", "pass@word"), (inAddress.UserName, inAddress.Password));
        Assert.DoesNotContain("pass", Find(new Scripted(Address))!.Address.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_proxy_is_the_same_object_with_what_is_remembered_of_it()
    {
        var settings = new HandlerSettings { Proxy = new Scripted(static _ => new Uri("http://proxy.test")) { FreshCredentials = true } };
        var choice = new ProxyChoice(settings);
        ProxyHop first = choice.Find(s_uri, RequestSettings.Defaults(settings))!;
        Assert.Same(first, choice.Find(new Uri("http://other.test/"), RequestSettings.Defaults(settings)));
    }

    [Fact]
    public void Proxies_that_take_turns_are_remembered_up_to_a_limit()
    {
        var settings = new HandlerSettings { Proxy = new Scripted(static uri => new Uri($"http://proxy.test:{uri.Port}")) };
        var choice = new ProxyChoice(settings);
        ProxyHop[] first = [.. Enumerable.Range(1, ProxyLimits.RememberedProxies).Select(Find)];
        Assert.All(first, hop => Assert.Same(hop, Find(hop.Port)));
        Assert.Equal(first.Length, first.Distinct().Count());

        // One more, and the oldest makes room.
        Find(1000);
        Assert.NotSame(first[0], Find(1));
        Assert.Equal(first[0], Find(1));
        Assert.Same(first[^1], Find(ProxyLimits.RememberedProxies));

        ProxyHop Find(int port) => choice.Find(new Uri($"http://api.test:{port}"), RequestSettings.Defaults(settings))!;
    }

    /// <summary>
    /// All pairs of what a request may be: two share a route exactly if the server, what is spoken, and the proxy with its credentials are
    /// the same, or both are plain requests that the same proxy forwards.
    /// </summary>
    [Fact]
    public void Two_requests_share_connections_only_if_they_may()
    {
        Case[] cases =
        [
            .. from proxy in (string?[])
                   [null, "http://p.test", "http://p.test:81", "http://q.test", "https://p.test:80", "socks5://p.test:80"]
               from user in proxy is null ? (string?[])[null] : [null, "a", "b"]
               from uri in (string[])
                   ["http://s.test", "https://s.test", "ws://s.test", "http://t.test", "http://p.test", "http://s.test:81"]
               from version in (int[])[1, 2]
               select new Case(proxy, user, new Uri(uri), version),
        ];
        int shared = 0;
        foreach (Case one in cases)
        {
            foreach (Case other in cases)
            {
                RouteIdentity route = RouteOf(one);
                bool same = route.Is(RouteOf(other));
                Assert.True(same == MayShare(one, other), $"{one} and {other}: {same}");
                Assert.Equal(same, new Route(route).Equals(new Route(RouteOf(other))));
                Assert.True(!same || route.GetHashCode() == RouteOf(other).GetHashCode());
                shared += same ? 1 : 0;
            }
        }

        Assert.True(shared > cases.Length);
    }

    private static bool MayShare(Case one, Case other)
    {
        if (one.Proxy != other.Proxy || one.User != other.User)
        {
            return false;
        }

        bool forwarded = IsForwarded(one);
        return forwarded == IsForwarded(other)
            && (forwarded || (Server(one) == Server(other) && one.Version == other.Version));
    }

    private static bool IsForwarded(Case request) => request is { Version: 1, Uri.Scheme: "http" }
        && request.Proxy?.StartsWith("http", StringComparison.Ordinal) == true;

    private static string Server(Case request) => $"{request.Uri.Scheme == "https"} {request.Uri.Host}:{request.Uri.Port}";

    private static RouteIdentity RouteOf(Case request)
    {
        bool isTls = request.Uri.Scheme == "https";
        ProtocolOffer offer = request.Version == 1 ? ProtocolOffer.Http1 : isTls ? ProtocolOffer.Http2OrHttp1 : ProtocolOffer.Http2;
        ProxyHop? hop = request.Proxy is null
            ? null
            : ProxyHop.Of(new Uri(request.Proxy), request.User is null ? null : new NetworkCredential(request.User, "word"));
        return ProxyChoice.RouteOf(
            hop, request.Uri, new RouteIdentity(isTls, request.Uri.IdnHost, request.Uri.Port, null, null, offer));
    }

    private static ProxyHop? Find(IWebProxy proxy, bool useProxy = true, ICredentials? fallback = null)
    {
        var settings = new HandlerSettings { Proxy = proxy, UseProxy = useProxy, DefaultProxyCredentials = fallback };
        return new ProxyChoice(settings).Find(s_uri, RequestSettings.Defaults(settings));
    }

    private sealed record Case(string? Proxy, string? User, Uri Uri, int Version);

    private sealed class Scripted(Func<Uri, Uri?> find) : IWebProxy
    {
        private ICredentials? _credentials;

        public bool CredentialsThrow { get; init; }

        public bool FreshCredentials { get; init; }

        public ICredentials? Credentials
        {
            get => CredentialsThrow ? throw new InvalidOperationException()
                : FreshCredentials ? new NetworkCredential("user", "word")
                : _credentials;
            set => _credentials = value;
        }

        public Uri? GetProxy(Uri destination) => find(destination);

        public bool IsBypassed(Uri host) => false;
    }
}
