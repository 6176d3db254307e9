using System.Net;
using System.Net.Http.Headers;
using Warmwire.Exchange;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Exchange;

public sealed class RedirectPolicyTests
{
    private static readonly HandlerSettings s_settings = new();

    public static TheoryData<int, string> StatusesAndMethods
    {
        get
        {
            TheoryData<int, string> data = [];
            foreach (int status in new[] { 200, 300, 301, 302, 303, 304, 305, 306, 307, 308, 309, 404 })
            {
                foreach (string method in new[] { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "FOO" })
                {
                    data.Add(status, method);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(StatusesAndMethods))]
    public async Task Which_statuses_redirect_and_with_which_method_and_body_is_as_in_dotnet(int status, string method)
    {
        List<string> seen = [];
        using SocketsHttpHandler reference = ReferenceClient.Handler(
            text => text.Contains(" /start ", StringComparison.Ordinal)
                ? ReferenceClient.Response(
                    $"HTTP/1.1 {status} Reason\nLocation: /next?q=1\n{(status == 304 ? "X: y" : "Content-Length: 0")}")
                : ReferenceClient.Response("HTTP/1.1 200 OK\nContent-Length: 0"),
            seen);
        using (HttpMessageInvoker invoker = new(reference))
        {
            using HttpResponseMessage _ = await invoker.SendAsync(MakeRequest(), TestContext.Current.CancellationToken);
        }

        HttpRequestMessage? next = RedirectPolicy.NextRequest(MakeRequest(), MakeResponse(status, "/next?q=1"), s_settings);

        Assert.Equal(seen.Count == 2, next is not null);
        if (next is not null)
        {
            Assert.StartsWith($"{next.Method} {next.RequestUri!.PathAndQuery} ", seen[1], StringComparison.Ordinal);
            Assert.Equal(seen[1].EndsWith("abc", StringComparison.Ordinal), next.Content is not null);
        }

        HttpRequestMessage MakeRequest() => new(new HttpMethod(method), "http://a.test/start")
        {
            Content = method is "GET" or "HEAD" ? null : new StringContent("abc"),
        };
    }

    [Theory]
    [InlineData("http://a.test/x/y", "z", "http://a.test/x/z")]
    [InlineData("http://a.test/x/y", "/z", "http://a.test/z")]
    [InlineData("http://a.test/x/y?a=b", "?q", "http://a.test/x/y?q")]
    [InlineData("http://a.test/x", "//b.test/z", "http://b.test/z")]
    [InlineData("https://a.test/x", "//b.test/z", "https://b.test/z")]
    [InlineData("http://a.test/x", "https://a.test:8443/", "https://a.test:8443/")]
    [InlineData("http://a.test/x", "/a b", "http://a.test/a%20b")]
    [InlineData("http://a.test/x", "/a%20b", "http://a.test/a%20b")]
    [InlineData("http://a.test/x", "/../z", "http://a.test/z")]
    public void The_location_is_resolved_against_the_request(string from, string location, string expected)
    {
        HttpRequestMessage? next = RedirectPolicy.NextRequest(new(HttpMethod.Get, from), MakeResponse(302, location), s_settings);
        Assert.Equal(expected, next?.RequestUri?.AbsoluteUri);
    }

    [Theory]
    [InlineData("http://a.test/x#part", "/z", "http://a.test/z#part")]
    [InlineData("http://a.test/x#part", "/z#other", "http://a.test/z#other")]
    [InlineData("http://a.test/x#p%20t", "http://b.test:81/a%2Fb?c=%20", "http://b.test:81/a%2Fb?c=%20#p%20t")]
    [InlineData("http://a.test/x", "/z#other", "http://a.test/z#other")]
    public void A_location_without_a_fragment_inherits_that_of_the_request(string from, string location, string expected)
    {
        HttpRequestMessage? next = RedirectPolicy.NextRequest(new(HttpMethod.Get, from), MakeResponse(302, location), s_settings);
        Assert.Equal(expected, next?.RequestUri?.AbsoluteUri);
    }

    [Theory]
    [InlineData("http://a.test/", "http://[::")]
    [InlineData("http://a.test/", "http:///z")]
    [InlineData("http://a.test/", "//")]
    [InlineData("http://a.test/", "")]
    [InlineData("http://a.test/", "ftp://b.test/z")]
    [InlineData("http://a.test/", "file:///etc/passwd")]
    [InlineData("http://a.test/", "mailto:a@b.test")]
    [InlineData("http://a.test/", "javascript:alert(1)")]
    [InlineData("http://a.test/", "data:text/plain,hello")]
    [InlineData("https://a.test/", "http://a.test/")]
    [InlineData("https://a.test/", "ws://a.test/")]
    public void A_location_that_must_not_be_followed_is_left_to_the_caller(string from, string location) =>
        Assert.Null(RedirectPolicy.NextRequest(new(HttpMethod.Get, from), MakeResponse(302, location), s_settings));

    [Fact]
    public void Without_a_location_there_is_nothing_to_follow() =>
        Assert.Null(
            RedirectPolicy.NextRequest(new(HttpMethod.Get, "http://a.test/"), new HttpResponseMessage(HttpStatusCode.Found), s_settings));

    [Theory]
    [InlineData("/y", "/z", false)]
    [InlineData("/y", "/y", true)]
    public void Locations_that_differ_are_not_followed(string one, string other, bool followed)
    {
        HttpResponseMessage response = MakeResponse(302, one);
        response.Headers.TryAddWithoutValidation("Location", other);
        Assert.Equal(followed, RedirectPolicy.NextRequest(new(HttpMethod.Get, "http://a.test/"), response, s_settings) is not null);
    }

    [Fact]
    public void Nothing_is_followed_when_redirects_are_off() =>
        Assert.Null(
            RedirectPolicy.NextRequest(
                new(HttpMethod.Get, "http://a.test/"), MakeResponse(302, "/z"), new HandlerSettings { AllowAutoRedirect = false }));

    [Theory]
    [InlineData("http://a.test/x", "http://A.TEST:80/z", true)]
    [InlineData("http://a.test/x", "/z", true)]
    [InlineData("http://a.test/x", "http://b.test/z", false)]
    [InlineData("http://a.test/x", "http://sub.a.test/z", false)]
    [InlineData("http://a.test/x", "http://a.test:8080/z", false)]
    [InlineData("http://a.test/x", "https://a.test/z", false)]
    [InlineData("http://a.test:443/x", "https://a.test/z", false)]
    public void Credentials_cookies_and_the_users_host_stay_within_their_origin(string from, string location, bool kept)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, from);
        request.Headers.TryAddWithoutValidation("authorization", "Bearer secret");
        request.Headers.TryAddWithoutValidation("COOKIE", "a=b");
        request.Headers.TryAddWithoutValidation("Proxy-Authorization", "Basic eDp5");
        request.Headers.Host = "given.test";
        request.Headers.TryAddWithoutValidation("X-Other", "stays");

        HttpRequestMessage next = RedirectPolicy.NextRequest(request, MakeResponse(307, location), s_settings)!;

        Assert.Equal(kept, next.Headers.Contains("Authorization"));
        Assert.Equal(kept, next.Headers.Contains("Cookie"));
        Assert.Equal(kept, next.Headers.Contains("Proxy-Authorization"));
        Assert.Equal(kept ? "given.test" : null, next.Headers.Host);
        Assert.True(next.Headers.Contains("X-Other"));
    }

    [Fact]
    public void The_next_request_is_the_old_one_but_for_its_target()
    {
        HttpRequestOptionsKey<string> key = new("some.library");
        StringContent content = new("abc");
        using HttpRequestMessage request = new(HttpMethod.Put, "http://a.test/")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.UserAgent.ParseAdd("one/1.0 two/2.0 (why)");
        request.Headers.Accept.ParseAdd("text/html, text/plain;q=0.5");
        request.Headers.ExpectContinue = true;
        request.Headers.TransferEncodingChunked = true;
        request.Headers.ConnectionClose = true;
        request.Headers.TryAddWithoutValidation("X-Many", ["1", "2, 3"]);
        request.Headers.TryAddWithoutValidation("Accept-Language", "not // valid");
        request.Headers.TryAddWithoutValidation("X-Empty", "");
        request.Options.Set(key, "kept");

        HttpRequestMessage next = RedirectPolicy.NextRequest(request, MakeResponse(308, "/z"), s_settings)!;

        Assert.NotSame(request, next);
        Assert.Equal(request.Headers.ToString(), next.Headers.ToString());
        Assert.True(next.Headers.ExpectContinue);
        Assert.True(next.Headers.TransferEncodingChunked);
        Assert.True(next.Headers.ConnectionClose);
        Assert.Equal(request.Headers.UserAgent, next.Headers.UserAgent);
        Assert.Equal(HttpVersion.Version20, next.Version);
        Assert.Equal(HttpVersionPolicy.RequestVersionExact, next.VersionPolicy);
        Assert.Same(content, next.Content);
        Assert.True(next.Options.TryGetValue(key, out string? value));
        Assert.Equal("kept", value);
    }

    [Fact]
    public void The_callers_request_is_not_touched()
    {
        StringContent content = new("abc");
        using HttpRequestMessage request = new(HttpMethod.Post, "http://a.test/") { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "x");
        request.Headers.TransferEncodingChunked = true;

        HttpRequestMessage next = RedirectPolicy.NextRequest(request, MakeResponse(303, "http://b.test/"), s_settings)!;
        next.Headers.Add("X-New", "1");
        next.Options.Set(new HttpRequestOptionsKey<int>("new"), 1);

        Assert.Equal("http://a.test/", request.RequestUri!.AbsoluteUri);
        Assert.Equal(HttpMethod.Post, request.Method);
        Assert.Same(content, request.Content);
        Assert.NotNull(request.Headers.Authorization);
        Assert.True(request.Headers.TransferEncodingChunked);
        Assert.False(request.Headers.Contains("X-New"));
        Assert.Empty(request.Options);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    public void What_speaks_of_the_body_goes_with_the_body(int status)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "http://a.test/") { Content = new StringContent("abc") };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.ExpectContinue = true;
        request.Headers.Trailer.Add("X-Sum");

        HttpRequestMessage next = RedirectPolicy.NextRequest(request, MakeResponse(status, "/z"), s_settings)!;

        Assert.Equal(HttpMethod.Get, next.Method);
        Assert.Null(next.Content);
        Assert.Empty(next.Headers);
    }

    [Theory]
    [InlineData(307, "POST")]
    [InlineData(308, "PUT")]
    [InlineData(302, "PUT")]
    public void A_body_that_cannot_be_produced_again_leaves_the_redirect_to_the_caller(int status, string method)
    {
        using HttpRequestMessage request =
            new(new HttpMethod(method), "http://a.test/") { Content = new StreamContent(new OneWayStream([1, 2, 3])) };
        Assert.Null(RedirectPolicy.NextRequest(request, MakeResponse(status, "/z"), s_settings));
    }

    [Fact]
    public void A_body_that_cannot_be_produced_again_does_not_matter_when_it_is_dropped()
    {
        using HttpRequestMessage request =
            new(HttpMethod.Post, "http://a.test/") { Content = new StreamContent(new OneWayStream([1, 2, 3])) };
        Assert.NotNull(RedirectPolicy.NextRequest(request, MakeResponse(303, "/z"), s_settings));
    }

    private static HttpResponseMessage MakeResponse(int status, string location)
    {
        HttpResponseMessage response = new((HttpStatusCode)status);
        response.Headers.TryAddWithoutValidation("Location", location);
        return response;
    }
}
