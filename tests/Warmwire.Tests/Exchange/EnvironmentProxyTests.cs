using System.Net;
using Warmwire.Exchange;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Exchange;

public sealed class EnvironmentProxyTests
{
    private static readonly Uri s_uri = new("https://api.test/x?secret");

    [Fact]
    public void A_proxy_that_applies_is_named_without_its_password()
    {
        WebProxy proxy = new("http://user:pass@proxy.test:3128");
        TransportException thrown = Assert.Throws<TransportException>(() => EnvironmentProxy.ThrowIfProxyApplies(proxy, s_uri));
        Assert.Equal(HttpRequestError.ProxyTunnelError, thrown.HttpRequestError);
        Assert.Equal(TransportPhase.Proxy, thrown.Phase);
        Assert.Equal(RequestSent.No, thrown.RequestSent);
        Assert.Equal("https://api.test:443", thrown.Origin);
        Assert.Contains("http://proxy.test:3128 ", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("HTTPS_PROXY", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("NO_PROXY", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("UseProxy = false", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pass", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bypassed_host_is_let_through()
    {
        WebProxy proxy = new("http://proxy.test:3128") { BypassList = ["api\\.test"] };
        EnvironmentProxy.ThrowIfProxyApplies(proxy, s_uri);
        EnvironmentProxy.ThrowIfProxyApplies(
            new WebProxy("http://proxy.test:3128") { BypassProxyOnLocal = true }, new Uri("http://localhost/"));
    }

    [Fact]
    public void No_proxy_is_no_obstacle()
    {
        EnvironmentProxy.ThrowIfProxyApplies(new Scripted(_ => null), s_uri);
        EnvironmentProxy.ThrowIfProxyApplies(new Scripted(uri => uri), s_uri);
        EnvironmentProxy.ThrowIfProxyApplies(new WebProxy(), s_uri);
    }

    [Fact]
    public void A_proxy_that_fails_counts_as_none_as_in_dotnet() =>
        EnvironmentProxy.ThrowIfProxyApplies(new Scripted(_ => throw new InvalidOperationException()), s_uri);

    [Fact]
    public void UseProxy_false_does_not_look() => EnvironmentProxy.ThrowIfProxyApplies(new HandlerSettings { UseProxy = false }, s_uri);

    private sealed class Scripted(Func<Uri, Uri?> find) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => find(destination);

        public bool IsBypassed(Uri host) => false;
    }
}
