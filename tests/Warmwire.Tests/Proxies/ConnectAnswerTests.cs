using System.Text;
using Warmwire.Authentication;
using Warmwire.Buffers;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Proxies;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>CONNECT and what a proxy answers, as bytes.</summary>
public sealed class ConnectAnswerTests
{
    [Theory]
    [InlineData("api.test", 443, null, null, "CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")]
    [InlineData("::1", 80, null, null, "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")]
    [InlineData("fe80::1%eth0", 80, null, null, "CONNECT [fe80::1]:80 HTTP/1.1\r\nHost: [fe80::1]:80\r\n\r\n")]
    [InlineData(
        "a.t", 1, "me/1", "Basic eA==",
        "CONNECT a.t:1 HTTP/1.1\r\nHost: a.t:1\r\nUser-Agent: me/1\r\nProxy-Authorization: Basic eA==\r\n\r\n")]
    public void A_request_has_the_authority_twice(string host, int port, string? agent, string? authorization, string bytes)
    {
        var output = new OutputBuffer();
        ConnectRequest.Write(output, new HostAndPort(host, port), agent, authorization);
        Assert.Equal(bytes, Encoding.Latin1.GetString(output.Written.Span));
        output.Release();
    }

    [Theory]
    [InlineData("a\r\nX: y", null)]
    [InlineData(null, "Basic x\r\nX: y")]
    public void What_would_forge_a_field_is_refused(string? agent, string? authorization) =>
        Assert.Throws<HttpRequestException>(
            () => ConnectRequest.Write(new OutputBuffer(), new HostAndPort("a.t", 1), agent, authorization));

    [Theory]
    [InlineData("HTTP/1.1 200 Connection established\r\n\r\n", 200, true, false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 200, true, false)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, true, false)]
    [InlineData("HTTP/1.1 299\r\n\r\n", 299, true, false)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", 100, false, true)]
    [InlineData("HTTP/1.1 103 Early Hints\r\n\r\n", 103, false, true)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, false, false)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://a/\r\n\r\n", 302, false, false)]
    [InlineData("HTTP/1.1 407 No\r\n\r\n", 407, false, false)]
    public void Any_2xx_is_a_tunnel(string head, int status, bool isTunnel, bool isInterim)
    {
        ConnectAnswer answer = Parse(head);
        Assert.Equal((status, isTunnel, isInterim), (answer.StatusCode, answer.IsTunnel, answer.IsInterim));
    }

    [Fact]
    public void Challenges_are_taken_within_a_limit()
    {
        Assert.Equal(
            ["Basic realm=\"a, b\"", "NTLM"],
            Parse("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"a, b\"\r\nWWW-Authenticate: x\r\nproxy-authenticate: NTLM\r\n\r\n")
                .Challenges);
        string many = string.Concat(Enumerable.Repeat("Proxy-Authenticate: Basic\r\n", 100));
        Assert.Equal(ProxyLimits.Challenges, Parse($"HTTP/1.1 407 No\r\n{many}\r\n").Challenges.Count);
        Assert.Throws<WireFormatException>(() => Parse($"HTTP/1.1 407 No\r\n{many}\r\n", maxLines: 99));
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n", "hello", "next", true)]
    [InlineData("Content-Length: 0\r\n", "", "next", true)]
    [InlineData("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: v\r\n\r\n", "next", true)]
    [InlineData("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", "", true)]
    [InlineData("", "hello", "", false)]
    [InlineData("Content-Length: 9\r\n", "hello", "", false)]
    public void A_body_ends_where_it_ends_however_it_is_cut(string fields, string body, string behind, bool isComplete)
    {
        byte[] input = Encoding.Latin1.GetBytes(body + behind);
        ConnectAnswer answer = Parse($"HTTP/1.1 403 No\r\n{fields}\r\n");
        for (int cut = 0; cut <= input.Length; cut++)
        {
            var reader = new ConnectAnswerBody(answer.Framing);
            int consumed = reader.Take(input.AsSpan(0, cut));
            consumed += reader.Take(input.AsSpan(consumed));
            Assert.Equal(isComplete, reader.IsComplete);
            Assert.Equal(behind, Encoding.Latin1.GetString(input.AsSpan(consumed)));
            Assert.Equal(body.Length == 0 ? "" : "hello", Encoding.Latin1.GetString(reader.Begin));
        }
    }

    [Fact]
    public void A_body_without_end_is_found_to_be_too_long_and_little_of_it_is_kept()
    {
        var reader = new ConnectAnswerBody(Parse("HTTP/1.1 403 No\r\n\r\n").Framing);
        byte[] piece = new byte[ProxyLimits.AnswerBodyBytes];
        Assert.Equal(piece.Length, reader.Take(piece));
        Assert.False(reader.IsTooLong);
        reader.Take(piece.AsSpan(0, 1));
        Assert.True(reader.IsTooLong);
        Assert.Equal(ProxyLimits.KeptBodyBytes, reader.Begin.Length);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("  Access\r\n denied\t. ", "Access denied .")]
    [InlineData("<html><head><TITLE>ERROR: denied</TITLE></head><body>long</body>", "ERROR: denied")]
    [InlineData("<html><h1>403</h1>\n<p>No <b>way</b></p>", "403 No way")]
    [InlineData("<title>cut", "cut")]
    [InlineData("a\u001b[31mred\u0000", "a [31mred")]
    [InlineData("caf\u00E9", "caf?")]
    public void An_excerpt_is_one_line_of_plain_text(string body, string excerpt) =>
        Assert.Equal(excerpt, AnswerExcerpt.Of(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void An_excerpt_is_short() =>
        Assert.Equal(
            new string('x', ProxyLimits.ShownCharacters) + "...",
            AnswerExcerpt.Of(Encoding.ASCII.GetBytes(new string('x', ProxyLimits.ShownCharacters + 1))));

    [Theory]
    [InlineData("Basic", "Basic")]
    [InlineData("basic realm=\"x\"", "basic")]
    [InlineData("Digest realm=\"a, Basic b\", nonce=\"x\\\", Basic y\", qop=\"auth,auth-int\"", "Digest")]
    [InlineData("Negotiate, NTLM, Basic realm=x", "Negotiate,NTLM,Basic")]
    [InlineData("NTLM TlRMTVNTUAAC==", "NTLM")]
    [InlineData(" , ,Digest realm = \"x\" , nonce = y,Basic", "Digest,Basic")]
    [InlineData("", "")]
    [InlineData("\u00E9\"", "")]
    public void Schemes_are_told_from_their_parameters(string field, string schemes) =>
        Assert.Equal(schemes, string.Join(',', ChallengeParser.Parse(field).Select(static found => found.Scheme)));

    private static ConnectAnswer Parse(string head, int maxLines = 1000) => ConnectAnswer.Parse(Encoding.Latin1.GetBytes(head), maxLines);
}
