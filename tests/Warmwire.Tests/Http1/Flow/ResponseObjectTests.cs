using System.Net;
using System.Text;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>What a user of HttpClient finds on a response.</summary>
public sealed class ResponseObjectTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK", 200, "OK", "1.1")]
    [InlineData("HTTP/1.1 200 Fine, thanks", 200, "Fine, thanks", "1.1")]
    [InlineData("HTTP/1.1 200 ", 200, "", "1.1")]
    [InlineData("HTTP/1.1 200", 200, "", "1.1")]
    [InlineData("HTTP/1.1 404 Pas trouv\u00e9", 404, "Pas trouv\u00e9", "1.1")]
    [InlineData("HTTP/1.1 599 Own", 599, "Own", "1.1")]
    [InlineData("HTTP/1.0 200 OK", 200, "OK", "1.0")]
    public async Task Status_phrase_version_and_request(string line, int status, string phrase, string version)
    {
        using var rig = new Rig();
        HttpRequestMessage request = Rig.Get();
        (HttpResponseMessage response, _) = await rig.StartAsync(line + "\r\nContent-Length: 0\r\n\r\n", request);
        Assert.Equal((status, phrase, Version.Parse(version)), ((int)response.StatusCode, response.ReasonPhrase, response.Version));
        Assert.Same(request, response.RequestMessage);
    }

    [Fact]
    public async Task After_a_redirect_the_request_is_the_last_one()
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(302, "moved", "Location: /there?x");
        Assert.Equal("/there?x", (await peer.AnswerAsync(200, "here")).Target);
        using HttpResponseMessage response = await sending;
        Assert.Equal(new Uri("http://server.test/there?x"), response.RequestMessage!.RequestUri);
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task Headers_are_where_they_belong_in_their_order_with_their_values()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, _) = await rig.StartAsync(
            "HTTP/1.1 200 OK\r\nX-Own: one\r\nSet-Cookie: a=1, x\r\nX-Own:\t two \r\nset-cookie: b=2\r\nETag: \"t\"\r\n"
            + "Empty:\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            + "Content-Bogus: x\r\nServer: nginx\r\nDate: not a date\r\n\r\nhello");
        Assert.Equal("one|two", string.Join('|', response.Headers.GetValues("x-own")));
        Assert.Equal("a=1, x|b=2", string.Join('|', response.Headers.GetValues("Set-Cookie")));
        Assert.Equal("\"t\"", response.Headers.ETag!.Tag);
        Assert.Equal("", Assert.Single(response.Headers.NonValidated["Empty"]));
        Assert.Equal("nginx", response.Headers.Server.ToString());
        Assert.Equal("not a date", Assert.Single(response.Headers.NonValidated["Date"]));
        Assert.Equal("x", response.Headers.GetValues("Content-Bogus").Single());
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(5, response.Content.Headers.ContentLength);
        Assert.Equal(2026, response.Content.Headers.LastModified!.Value.Year);
        Assert.False(response.Headers.NonValidated.Contains("Content-Type"));
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Values_are_latin_1_unless_the_selector_says_otherwise()
    {
        foreach (bool utf8 in new[] { false, true })
        {
            HttpRequestMessage request = Rig.Get();
            HttpRequestMessage? asked = null;
            using var rig = new Rig(handler => handler.ResponseHeaderEncodingSelector = !utf8 ? null : (name, of) =>
            {
                asked = of;
                return name is "X-Name" or "X-Trailer" ? Encoding.UTF8 : null;
            });
            (HttpResponseMessage response, ScriptedPeer peer) =
                await rig.StartAsync("HTTP/1.1 200 OK\r\nX-Name: \u00c3\u00a9\r\nTransfer-Encoding: chunked\r\n\r\n", request);
            await peer.SendAsync("0\r\nX-Trailer: \u00c3\u00a9\r\n\r\n");
            await response.Content.ReadAsStringAsync();
            string expected = utf8 ? "\u00e9" : "\u00c3\u00a9";
            Assert.Equal(expected, response.Headers.GetValues("X-Name").Single());
            Assert.Equal(expected, response.TrailingHeaders.GetValues("X-Trailer").Single());
            Assert.Same(utf8 ? request : null, asked);
        }
    }

    [Fact]
    public async Task Request_values_are_written_in_the_encoding_the_selector_chooses()
    {
        using var rig =
            new Rig(static handler => handler.RequestHeaderEncodingSelector = static (name, _) => name == "X-Name" ? Encoding.UTF8 : null);
        HttpRequestMessage request = Rig.Get();
        request.Headers.TryAddWithoutValidation("X-Name", "\u00e9");
        (_, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""), request);
        Assert.Contains("X-Name: \u00c3\u00a9\r\n", peer.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trailers_are_there_after_the_end_and_forbidden_ones_never()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Chunked("5\r\nhello\r\n"));
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("hello", await body.ReadTextAsync());
        Assert.Empty(response.TrailingHeaders);
        await peer.SendAsync(
            "0\r\nX-Check: 1\r\nX-Check: 2\r\nContent-Length: 3\r\nTransfer-Encoding: gzip\r\nSet-Cookie: a=b\r\nETag: \"t\"\r\n\r\n");
        Assert.Equal("", await body.ReadTextAsync());
        Assert.Equal("1|2", string.Join('|', response.TrailingHeaders.GetValues("X-Check")));
        Assert.Equal(
            "ETag|X-Check", string.Join('|', response.TrailingHeaders.Select(static header => header.Key).Order(StringComparer.Ordinal)));
        rig.AssertIdle();
    }

    [Fact]
    public async Task A_buffering_client_sees_the_trailers_too()
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.Client.GetAsync(Rig.Uri);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(Rig.Chunked("5\r\nhello\r\n0\r\nX-Check: 1\r\n\r\n"));
        using HttpResponseMessage response = await sending;
        Assert.Equal("1", response.TrailingHeaders.GetValues("X-Check").Single());
    }

    [Fact]
    public async Task An_encoding_selector_that_throws_fails_its_response_and_closes()
    {
        using var rig = new Rig(static handler =>
            handler.ResponseHeaderEncodingSelector = static (name, _) =>
                name == "X-Bad" ? throw new InvalidTimeZoneException("mine") : null);
        TransportException error = await RigReading.ThrowsAsync<TransportException>(
            () => rig.StartAsync("HTTP/1.1 200 OK\r\nX-Bad: x\r\nContent-Length: 0\r\n\r\n"));
        Assert.IsType<InvalidTimeZoneException>(error.InnerException);
        Assert.Equal(0, rig.Origin.Open);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task An_encoding_selector_that_throws_on_a_trailer_fails_the_body()
    {
        using var rig = new Rig(static handler =>
            handler.ResponseHeaderEncodingSelector = static (name, _) =>
                name == "X-Bad" ? throw new InvalidTimeZoneException("mine") : null);
        (HttpResponseMessage response, _) = await rig.StartAsync(Rig.Chunked("5\r\nhello\r\n0\r\nX-Bad: x\r\n\r\n"));
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => response.Content.ReadAsStringAsync());
        Assert.IsType<InvalidTimeZoneException>(error.InnerException);
        Assert.Equal(0, rig.Origin.Open);
        await rig.AssertNextIsCleanAsync();
    }
}
