using System.Text;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>Nothing of a request leaves that a recipient could read as two (RFC 9110 §5.5, RFC 9112 §11.1).</summary>
public class RequestValidationTests
{
    [Theory]
    [InlineData("a\r\nEvil: 1")]
    [InlineData("a\rb")]
    [InlineData("a\nb")]
    [InlineData("a\n b")]
    [InlineData("a\0b")]
    [InlineData("\n")]
    [InlineData("a\r\n")]
    public void A_value_with_a_line_break_or_NUL_is_refused_without_showing_it(string value)
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("X-Secret", value + "hunter2");
        string message = RequestHeads.Refusal(request);
        Assert.Contains("'X-Secret' contains CR, LF or NUL", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_value_of_a_header_is_looked_at()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("X", ["good", "bad\r\nEvil: 1"]);
        Assert.Contains("'X'", RequestHeads.Refusal(request), StringComparison.Ordinal);
    }

    [Fact]
    public void So_are_the_headers_of_the_content()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "http://h/") { Content = new StringContent("x") };
        request.Content.Headers.TryAddWithoutValidation("Content-Disposition", "a\r\nEvil: 1");
        Assert.Contains(
            "'Content-Disposition'",
            RequestHeads.Refusal(request, new() { Body = RequestBodyPlan.For(request) }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void So_are_the_cookies_and_the_extra_headers()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        Assert.Contains("'Cookie'", RequestHeads.Refusal(request, new() { CookieHeader = "a=1\r\nEvil: 1" }), StringComparison.Ordinal);
        Assert.Contains(
            "'traceparent'",
            RequestHeads.Refusal(request, new() { ExtraHeaders = [new("traceparent", "a\nb")] }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_encoding_cannot_smuggle_a_line_break_in()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("X", "\u0D0A"); // 0D 0A in UTF-16
        string message = RequestHeads.Refusal(request, new() { EncodingSelector = (_, _) => Encoding.BigEndianUnicode });
        Assert.Contains("'X' contains CR, LF or NUL", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_outside_ASCII_is_refused_without_an_encoding_and_not_shown()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("X", "p\u00E4ssword");
        string message = RequestHeads.Refusal(request);
        Assert.Contains("'X'", message, StringComparison.Ordinal);
        Assert.Contains("PooledHttpHandler.RequestHeaderEncodingSelector", message, StringComparison.Ordinal);
        Assert.DoesNotContain("ssword", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData("a\r\nb")]
    [InlineData("\u00E4")]
    public void A_name_must_be_a_token(string name)
    {
        using HttpRequestMessage request = RequestHeads.Get();
        Assert.False(request.Headers.TryAddWithoutValidation(name, "x")); // so only our own headers could bring one
        RequestHeads.Refusal(request, new() { ExtraHeaders = [new(name, "x")] });
    }

    [Theory]
    [InlineData("/a b")]
    [InlineData("/a\r\nEvil: 1")]
    [InlineData("/a HTTP/1.1\r\nHost: evil\r\n\r\nGET /")]
    [InlineData("/a\tb")]
    [InlineData("/a\0b")]
    [InlineData("/a?q=\n")]
    [InlineData("/\u00E4")]
    [InlineData("/\u007F")]
    public void A_target_has_visible_ASCII_only(string pathAndQuery)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, RequestHeads.Raw("http://h" + pathAndQuery));
        Assert.Contains("path and query contain '", RequestHeads.Refusal(request), StringComparison.Ordinal);
        Assert.Contains("path and query contain '", RequestHeads.Refusal(request, new() { AbsoluteForm = true }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\r\nEvil: 1")]
    [InlineData("a\nb")]
    [InlineData("a\tb")]
    [InlineData("a\0b")]
    [InlineData("\u00E4")]
    public void A_host_has_visible_ASCII_only(string host)
    {
        using HttpRequestMessage get = RequestHeads.Get();
        get.Headers.TryAddWithoutValidation("Host", host);
        Assert.Contains("Host contains", RequestHeads.Refusal(get), StringComparison.Ordinal);

        using HttpRequestMessage connect = new(HttpMethod.Connect, "http://proxy/");
        connect.Headers.TryAddWithoutValidation("Host", host);
        Assert.Contains("Host contains", RequestHeads.Refusal(connect), StringComparison.Ordinal);
    }

    [Fact]
    public void There_is_one_host()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("Host", ["a", "b"]);
        Assert.Contains("more than one Host", RequestHeads.Refusal(request), StringComparison.Ordinal);
    }

    [Fact]
    public void A_blank_host_counts_as_none()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TryAddWithoutValidation("Host", " ");
        Assert.Contains("\r\nHost: example.com\r\n\r\n", RequestHeads.Write(request), StringComparison.Ordinal);
    }

    [Fact]
    public void CONNECT_without_a_host_is_refused()
    {
        using HttpRequestMessage request = new(HttpMethod.Connect, "http://proxy/");
        Assert.Contains("CONNECT", RequestHeads.Refusal(request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A B")]
    [InlineData("A\r\nB")]
    [InlineData("A\0")]
    [InlineData("\u00C4")]
    public void A_method_is_a_token_and_dotnet_sees_to_it(string method) =>
        Assert.Throws<FormatException>(() => new HttpMethod(method)); // the writer checks again all the same
}
