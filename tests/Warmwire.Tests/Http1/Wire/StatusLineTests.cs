using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>RFC 9112 §4.</summary>
public class StatusLineTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK", 1, 200, "OK")]
    [InlineData("HTTP/1.0 404 Not Found", 0, 404, "Not Found")]
    [InlineData("HTTP/1.1 200 ", 1, 200, "")]
    [InlineData("HTTP/1.1 200", 1, 200, "")] // as .NET
    [InlineData("HTTP/1.2 200 OK", 1, 200, "OK")] // RFC 9110 §2.5
    [InlineData("HTTP/1.9 200 OK", 1, 200, "OK")]
    [InlineData("HTTP/1.1 100 Continue", 1, 100, "Continue")]
    [InlineData("HTTP/1.1 999 Whatever you say", 1, 999, "Whatever you say")]
    [InlineData("HTTP/1.1 200 \tp\u00E4r\u00FF ", 1, 200, "\tp\u00E4r\u00FF ")] // obs-text
    [InlineData("HTTP/1.1 200  two spaces", 1, 200, " two spaces")]
    public void A_proper_line_is_read(string line, int minor, int code, string reason)
    {
        byte[] head = WireBytes.Of(line + "\r\nA: b\r\n\r\n");
        StatusLine parsed = StatusLine.Parse(head);
        Assert.Equal(minor, parsed.MinorVersion);
        Assert.Equal(code, parsed.StatusCode);
        Assert.Equal(reason, parsed.ReasonPhrase(head));
        Assert.Equal(reason, WireBytes.Text(head.AsSpan(parsed.ReasonStart, parsed.ReasonLength)));
        Assert.Equal(line.Length + 2, parsed.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/1.1 ")]
    [InlineData("HTTP/1.1 20")]
    [InlineData("HTTP/1.1 20 OK")]
    [InlineData("HTTP/1.1 2000 OK")]
    [InlineData("HTTP/1.1 200OK")]
    [InlineData("HTTP/1.1 200\tOK")]
    [InlineData("HTTP/1.1  200 OK")]
    [InlineData("HTTP/1.1\t200 OK")]
    [InlineData("HTTP/1.1 099 Low")]
    [InlineData("HTTP/1.1 000 Zero")]
    [InlineData("HTTP/1.1 -20 Minus")]
    [InlineData("HTTP/1.1 2x0 OK")]
    [InlineData("HTTP/1.1 20: OK")]
    [InlineData("HTTP/1.1 OK 200")]
    [InlineData("HTTP/1.x 200 OK")]
    [InlineData("HTTP/1.10 200 OK")]
    [InlineData("HTTP/1 200 OK")]
    [InlineData("HTTP/2.0 200 OK")]
    [InlineData("HTTP/0.9 200 OK")]
    [InlineData("http/1.1 200 OK")]
    [InlineData("Http/1.1 200 OK")]
    [InlineData(" HTTP/1.1 200 OK")]
    [InlineData("ICY 200 OK")]
    [InlineData("HTTP/1.1 200 O\0K")]
    [InlineData("HTTP/1.1 200 O\u0001K")]
    [InlineData("HTTP/1.1 200 O\u007FK")]
    [InlineData("HTTP/1.1 200 O\rK")]
    [InlineData("HTTP/1.1 200 O\nK")]
    public void A_malformed_line_is_refused(string line) =>
        Assert.Throws<WireFormatException>(() => StatusLine.Parse(WireBytes.Of(line + "\r\n\r\n")));

    [Theory]
    [InlineData("HTTP/1.1 200 OK")]
    [InlineData("HTTP/1.1 200 OK\r")]
    [InlineData("HTTP/1.1 200 OK\n")]
    public void A_line_without_its_end_is_refused(string head) =>
        Assert.Throws<WireFormatException>(() => StatusLine.Parse(WireBytes.Of(head)));

    [Fact]
    public void The_error_shows_the_line_and_nothing_that_could_break_a_log()
    {
        WireFormatException refused =
            Assert.Throws<WireFormatException>(() => StatusLine.Parse("HTTP/1.1 20\u0007 x\r\nSecret: 1\r\n\r\n"u8));
        Assert.Contains("'HTTP/1.1 20\\x07 x'", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_usual_phrase_of_every_code_is_the_string_of_dotnet()
    {
        for (int code = 100; code < 600; code++)
        {
            using HttpResponseMessage response = new((HttpStatusCode)code);
            string phrase = response.ReasonPhrase ?? "";
            byte[] head = WireBytes.Of($"HTTP/1.1 {code} {phrase}\r\n\r\n");
            Assert.Equal(phrase, StatusLine.Parse(head).ReasonPhrase(head));
        }
    }

    [Fact]
    public void Random_text_is_refused_or_accepted() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            WireBytes.Nasty("HTTP/1.", "1", "0", " ", "200", "2", "OK", "\r\n", "\r", "\n", "\0", "\t", "\u00FF"),
            text => WireBytes.RefusesOrAccepts(() => StatusLine.Parse(WireBytes.Of("HTTP/1." + text)))));
}
