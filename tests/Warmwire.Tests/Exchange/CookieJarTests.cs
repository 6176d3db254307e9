using System.Net;
using Warmwire.Exchange;
using Xunit;

namespace Warmwire.Tests.Exchange;

public sealed class CookieJarTests
{
    private static readonly Uri s_uri = new("http://a.test/x");

    [Fact]
    public void An_empty_container_gives_no_header_and_costs_nothing()
    {
        CookieContainer container = new();
        CookieJar.HeaderFor(container, s_uri);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? header = CookieJar.HeaderFor(container, s_uri);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Null(header);
    }

    [Fact]
    public void Cookies_of_other_sites_give_no_header()
    {
        CookieContainer container = new();
        container.Add(new Uri("http://b.test/"), new Cookie("a", "b"));
        Assert.Null(CookieJar.HeaderFor(container, s_uri));
    }

    [Fact]
    public void What_a_response_sets_the_next_request_carries()
    {
        CookieContainer container = new();
        CookieJar.Store(container, s_uri, Response("a=1; Path=/", "b=2; Expires=Wed, 01 Jan 2126 00:00:00 GMT", "c=3; Secure"));
        Assert.Equal("b=2; a=1", Sorted(CookieJar.HeaderFor(container, s_uri)));
    }

    [Fact]
    public void A_malformed_cookie_is_ignored_and_the_others_count()
    {
        CookieContainer container = new();
        CookieJar.Store(container, s_uri, Response("=; =", "a=1; Domain=elsewhere.test", "", "big=" + new string('x', 5000), "b=2"));
        Assert.Equal("b=2", CookieJar.HeaderFor(container, s_uri));
    }

    [Fact]
    public void A_response_without_cookies_changes_nothing()
    {
        CookieContainer container = new();
        CookieJar.Store(container, s_uri, Response());
        Assert.Equal(0, container.Count);
    }

    private static HttpResponseMessage Response(params string[] cookies)
    {
        HttpResponseMessage response = new();
        foreach (string cookie in cookies)
        {
            response.Headers.TryAddWithoutValidation("Set-Cookie", cookie);
        }

        return response;
    }

    private static string? Sorted(string? header) =>
        header is null ? null : string.Join("; ", header.Split("; ").Order(StringComparer.Ordinal).Reverse());
}
