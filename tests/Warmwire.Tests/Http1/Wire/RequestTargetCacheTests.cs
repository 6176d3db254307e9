using Warmwire.Http1.Wire;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>With the lines of the last request at hand, every head is the same as without.</summary>
public class RequestTargetCacheTests
{
    private static readonly Uri s_uri = new("http://example.com:8080/path?q=1");

    [Fact]
    public void Whatever_changes_between_two_requests_is_seen_in_the_second()
    {
        byte[] hostValue = "other.example"u8.ToArray();
        Func<(HttpRequestMessage Request, RequestHeadOptions Options)>[] kinds =
        [
            () => (new HttpRequestMessage(HttpMethod.Get, s_uri), default),
            () => (new HttpRequestMessage(HttpMethod.Get, new Uri("http://example.com:8080/path?q=2")), default),
            () => (new HttpRequestMessage(HttpMethod.Post, s_uri), default),
            () => (new HttpRequestMessage(new HttpMethod("get"), s_uri), default),
            () => (new HttpRequestMessage(new HttpMethod("purge"), s_uri), default),
            () => (new HttpRequestMessage(HttpMethod.Get, s_uri) { Version = new Version(1, 0) }, default),
            () => (new HttpRequestMessage(HttpMethod.Get, s_uri), new RequestHeadOptions { AbsoluteForm = true }),
            () => (new HttpRequestMessage(HttpMethod.Get, s_uri), new RequestHeadOptions { HostValue = hostValue }),
            () => (WithHost(new HttpRequestMessage(HttpMethod.Get, s_uri), "mine.example"), default),
            () => (WithHost(new HttpRequestMessage(HttpMethod.Connect, s_uri), "tunnel.example:443"), default),
            () => (new HttpRequestMessage(HttpMethod.Get, new Uri($"http://example.com/{new string('x', 600)}")), default),
        ];

        foreach (Func<(HttpRequestMessage, RequestHeadOptions)> first in kinds)
        {
            foreach (Func<(HttpRequestMessage, RequestHeadOptions)> second in kinds)
            {
                RequestTargetCache target = new();
                foreach (Func<(HttpRequestMessage, RequestHeadOptions)> kind in
                    new[] { first, first, first, second, second, second, first, second })
                {
                    (HttpRequestMessage request, RequestHeadOptions options) = kind();
                    using (request)
                    {
                        Assert.Equal(RequestHeads.Write(request, options), RequestHeads.Write(request, options with { Target = target }));
                    }
                }
            }
        }
    }

    [Fact]
    public void A_request_that_is_refused_is_refused_every_time()
    {
        RequestTargetCache target = new();
        Uri bad = RequestHeads.Raw("http://example.com/a b");
        HttpMethod method = HttpMethod.Get;
        for (int i = 0; i < 3; i++)
        {
            using HttpRequestMessage request = new(method, bad);
            RequestHeads.Refusal(request, new RequestHeadOptions { Target = target });
        }
    }

    private static HttpRequestMessage WithHost(HttpRequestMessage request, string host)
    {
        request.Headers.Host = host;
        return request;
    }
}
