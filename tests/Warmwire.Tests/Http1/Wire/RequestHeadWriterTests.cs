using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Fields;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

public class RequestHeadWriterTests
{
    [Fact]
    public void A_plain_request_is_a_line_and_its_host()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        Assert.Equal("GET /path?q=1 HTTP/1.1\r\nHost: example.com\r\n\r\n", RequestHeads.Write(request));
    }

    [Theory]
    [InlineData("http://example.com/", "example.com")]
    [InlineData("http://example.com:80/", "example.com")]
    [InlineData("https://example.com:443/", "example.com")]
    [InlineData("http://example.com:443/", "example.com:443")]
    [InlineData("http://EXAMPLE.com:8080/", "example.com:8080")]
    [InlineData("http://127.0.0.1:5000/", "127.0.0.1:5000")]
    [InlineData("http://[::1]/", "[::1]")]
    [InlineData("http://[::1]:8080/", "[::1]:8080")]
    [InlineData("http://[fe80::1%253]:8080/", "[fe80::1]:8080")]
    [InlineData("http://b\u00FCcher.example/", "xn--bcher-kva.example")]
    [InlineData("http://user:secret@example.com/", "example.com")]
    public void The_host_comes_from_the_URI(string uri, string expected)
    {
        using HttpRequestMessage request = RequestHeads.Get(uri);
        Assert.Equal($"GET / HTTP/1.1\r\nHost: {expected}\r\n\r\n", RequestHeads.Write(request));
        Assert.Equal(expected, WireBytes.Text(HostField.ValueFor(new Uri(uri))));
    }

    [Fact]
    public void The_host_of_the_pool_saves_making_it()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        Assert.Equal(
            "GET /path?q=1 HTTP/1.1\r\nHost: pool.example:1\r\n\r\n",
            RequestHeads.Write(request, new() { HostValue = "pool.example:1"u8.ToArray() }));
    }

    [Fact]
    public void The_callers_host_wins_and_still_comes_first()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.Add("A", "b");
        request.Headers.Host = "other.example:81";
        Assert.Equal(
            "GET /path?q=1 HTTP/1.1\r\nHost: other.example:81\r\nA: b\r\n\r\n",
            RequestHeads.Write(request, new() { HostValue = "pool"u8.ToArray() }));
    }

    [Fact]
    public void Headers_stay_in_the_order_of_the_collection()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.Add("Zeta", "1");
        request.Headers.Accept.ParseAdd("text/html");
        request.Headers.Add("alpha", "2");
        Assert.Equal(
            "GET /path?q=1 HTTP/1.1\r\nHost: example.com\r\nZeta: 1\r\nAccept: text/html\r\nalpha: 2\r\n\r\n", RequestHeads.Write(request));
    }

    [Fact]
    public void Several_values_are_joined_as_their_header_wants()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.Add("X", ["a", "b"]);
        request.Headers.UserAgent.ParseAdd("one/1 (comment) two/2");
        request.Headers.Add("Cookie", ["a=1", "b=2"]);
        string head = RequestHeads.Write(request);
        Assert.Contains("\r\nX: a, b\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nUser-Agent: one/1 (comment) two/2\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nCookie: a=1; b=2\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_may_have_no_value()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("X", "");
        Assert.Contains("\r\nX: \r\n", RequestHeads.Write(request), StringComparison.Ordinal);
    }

    [Fact]
    public void Cookies_of_the_container_follow_those_of_the_caller()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        Assert.Contains(
            "\r\nCookie: c=3; d=4\r\n\r\n", RequestHeads.Write(request, new() { CookieHeader = "c=3; d=4" }), StringComparison.Ordinal);
        Assert.DoesNotContain("Cookie", RequestHeads.Write(request, new() { CookieHeader = "" }), StringComparison.Ordinal);
        request.Headers.Add("Cookie", "a=1");
        request.Headers.Add("X", "y");
        Assert.Contains(
            "\r\nCookie: a=1; c=3\r\nX: y\r\n\r\n", RequestHeads.Write(request, new() { CookieHeader = "c=3" }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("get", "GET")]
    [InlineData("Post", "POST")]
    [InlineData("PaTcH", "PATCH")]
    [InlineData("FOO", "FOO")]
    [InlineData("foo", "foo")]
    public void Known_methods_are_sent_in_upper_case(string method, string expected)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), "http://h/");
        Assert.StartsWith(expected + " / HTTP/1.1\r\n", RequestHeads.Write(request), StringComparison.Ordinal);
    }

    [Fact]
    public void HTTP_1_0_is_sent_as_such_and_without_an_expectation()
    {
        using HttpRequestMessage request =
            new(HttpMethod.Post, "http://h/") { Version = HttpVersion.Version10, Content = new StringContent("x") };
        request.Headers.ExpectContinue = true;
        string head = RequestHeads.Write(request);
        Assert.StartsWith("POST / HTTP/1.0\r\nHost: h\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Expect", head, StringComparison.Ordinal);
    }

    [Fact]
    public void HTTP_2_that_came_down_to_this_connection_is_sent_as_HTTP_1_1()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "http://h/") { Version = HttpVersion.Version20 };
        Assert.StartsWith("GET / HTTP/1.1\r\n", RequestHeads.Write(request), StringComparison.Ordinal);
    }

    [Fact]
    public void CONNECT_takes_its_target_from_the_Host_header()
    {
        using HttpRequestMessage request = new(HttpMethod.Connect, "http://proxy.example/ignored");
        request.Headers.Host = "target.example:443";
        Assert.Equal("CONNECT target.example:443 HTTP/1.1\r\nHost: target.example:443\r\n\r\n", RequestHeads.Write(request));
    }

    [Fact]
    public void A_proxy_gets_the_absolute_form_without_user_information()
    {
        using HttpRequestMessage request = RequestHeads.Get("http://user:secret@example.com:8080/a?b#c");
        Assert.StartsWith(
            "GET http://example.com:8080/a?b HTTP/1.1\r\nHost: example.com:8080\r\n",
            RequestHeads.Write(request, new() { AbsoluteForm = true }),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h", "/")]
    [InlineData("http://h?q", "/?q")]
    [InlineData("http://h/a%2Fb/../c", "/a%2Fb/../c")]
    [InlineData("http://h/*", "/*")]
    public void A_URI_that_was_not_canonicalised_is_sent_as_it_is_but_never_without_a_path(string uri, string expected)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, RequestHeads.Raw(uri));
        Assert.StartsWith($"GET {expected} HTTP/1.1\r\n", RequestHeads.Write(request), StringComparison.Ordinal);
    }

    [Fact]
    public void Extra_headers_are_added_unless_the_caller_set_them()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.Add("Traceparent", "mine");
        string head = RequestHeads.Write(request, new() { ExtraHeaders = [new("traceparent", "yours"), new("tracestate", "state")] });
        Assert.Equal(
            "GET /path?q=1 HTTP/1.1\r\nHost: example.com\r\ntraceparent: mine\r\ntracestate: state\r\n\r\n", head, ignoreCase: true);
    }

    [Fact]
    public void An_encoding_can_be_chosen_for_each_header()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("X-Utf8", "\u00E4");
        request.Headers.TryAddWithoutValidation("X-Latin1", "\u00E4");
        request.Headers.TryAddWithoutValidation("X-Ascii", "a");
        string head = RequestHeads.Write(request, new()
        {
            EncodingSelector = (name, asked) =>
            {
                Assert.Same(request, asked);
                return name switch { "X-Utf8" => Encoding.UTF8, "X-Latin1" => Encoding.Latin1, _ => null };
            },
        });
        Assert.Contains("\r\nX-Utf8: \u00C3\u00A4\r\nX-Latin1: \u00E4\r\nX-Ascii: a\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_written_can_be_read_back() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            ArbMap.Default.ArbFor<NonNull<string>[]>(),
            ArbMap.Default.ArbFor<NonNull<string>>(),
            (values, query) =>
            {
                using HttpRequestMessage request = new(HttpMethod.Get, "http://example.com/?" + Uri.EscapeDataString(Clean(query.Get)));
                for (int i = 0; i < values.Length; i++)
                {
                    request.Headers.TryAddWithoutValidation($"X-{i}", Clean(values[i].Get));
                }

                (string line, List<(string Name, string Value)> fields) = RequestHeads.Parse(RequestHeads.Write(request));
                Assert.Equal($"GET {request.RequestUri!.PathAndQuery} HTTP/1.1", line);
                Assert.Equal(
                    values.Select((value, i) => ($"X-{i}", Clean(value.Get).Trim(' ', '\t'))).Prepend(("Host", "example.com")),
                    fields);
            }));

    [Fact]
    public void Whatever_is_in_the_values_a_head_is_one_head_or_refused()
    {
        Arbitrary<string> values = WireBytes.Nasty("a", "\r\n", "\r", "\n", "\0", " ", "\t", ":", "Evil: 1", "\u00E4", "\u010A");
        Check.QuickThrowOnFailure(Prop.ForAll(values, value =>
        {
            using HttpRequestMessage request = RequestHeads.Get();
            request.Headers.TryAddWithoutValidation("X", value);
            RequestHeadOptions options = new() { EncodingSelector = (_, _) => value.Length % 2 == 0 ? Encoding.UTF8 : null };
            try
            {
                string head = RequestHeads.Write(request, options);
                Assert.Equal(2, RequestHeads.Parse(head).Fields.Count);
                Assert.Equal(head.Length - 4, head.IndexOf("\r\n\r\n", StringComparison.Ordinal));
            }
            catch (HttpRequestException refused)
            {
                Assert.Contains("'X'", refused.Message, StringComparison.Ordinal);
            }
        }));
    }

    /// <summary>Visible ASCII, blanks and tabs.</summary>
    private static string Clean(string text) => new([.. text.Where(c => c is '\t' or (>= ' ' and <= '~'))]);
}
