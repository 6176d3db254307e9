using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>CONNECT (RFC 9110 §9.3.6) through a scripted proxy.</summary>
public sealed class TunnelTests
{
    private const string Challenge = "Proxy-Authenticate: Basic realm=\"here\"\r\n";

    [Fact]
    public async Task A_tunnel_is_asked_for_once_and_its_connection_is_used_again()
    {
        using var rig = new ProxyRig();
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://server.test/a");
        request.Headers.UserAgent.ParseAdd("me/1");
        Task<HttpResponseMessage> first = rig.Client.SendAsync(request);
        ScriptedPeer peer = await rig.ProxyAsync();
        Assert.Equal(("proxy.test", 3128), (peer.Host, peer.Port));
        Assert.Equal("CONNECT server.test:443 HTTP/1.1\r\nHost: server.test:443\r\nUser-Agent: me/1\r\n\r\n", await peer.ReadHeadAsync());
        await ProxyRig.OpenAsync(peer);
        Assert.StartsWith("GET /a HTTP/1.1\r\nHost: server.test\r\n", (await peer.AnswerAsync(body: "one")).Head, StringComparison.Ordinal);
        Assert.Equal("one", await (await first).Content.ReadAsStringAsync());

        Task<string> second = rig.Client.GetStringAsync("https://server.test/b");
        await peer.AnswerAsync(body: "two");
        Assert.Equal("two", await second);
        OriginSnapshot origin = Assert.Single(rig.Handler.GetSnapshot().Origins);
        Assert.Equal(("https://server.test:443", "http://proxy.test:3128", 1L), (origin.Origin, origin.Proxy, origin.ConnectionsOpened));
        Assert.StartsWith("https://server.test:443 through http://proxy.test:3128 [", origin.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HTTP2_is_negotiated_through_the_tunnel()
    {
        await using var server = await KestrelServer.StartAsync(
            static _ => Task.CompletedTask,
            new KestrelServerSettings { Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2 });
        await using var proxy = new TestProxy("http");
        using var client = new HttpClient(
            new PooledHttpHandler { Proxy = new WebProxy(proxy.Uri), SslOptions = TestCertificates.Trusting() });
        foreach (Uri uri in (Uri[])[server.HttpsUri, server.HttpUri])
        {
            // Without TLS it is spoken by prior knowledge, which only a tunnel can carry.
            using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(uri) { Host = "server.test" }.Uri)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using HttpResponseMessage response = await client.SendAsync(request);
            Assert.Equal(HttpVersion.Version20, response.Version);
        }

        Assert.All(proxy.Asked, static line => Assert.StartsWith("CONNECT server.test:", line, StringComparison.Ordinal));
        Assert.Equal(2, proxy.Asked.Count);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 30\r\n\r\n<title>Not\r\n you</title> later", "403 Forbidden, saying 'Not you'")]
    [InlineData("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n", "503 Busy, saying 'busy'")]
    [InlineData("HTTP/1.1 504\r\nContent-Length: 0\r\n\r\n", "answered 504. ")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", "101 Switching Protocols")]
    public async Task A_refusal_is_told_with_proxy_server_status_and_body(string answer, string told)
    {
        using var rig = new ProxyRig("http://name:word@proxy.test:3128");
        Task<string> request = rig.Client.GetStringAsync("https://server.test/secret");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await peer.SendAsync(answer);
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal(
            (HttpRequestError.ProxyTunnelError, TransportPhase.Proxy, RequestSent.No, "https://server.test:443", false),
            (e.HttpRequestError, e.Phase, e.RequestSent, e.Origin, e.IsTimeout));
        Assert.Equal(answer[9..12], ((int)e.StatusCode!).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.StartsWith(
            "The proxy http://proxy.test:3128 refused the tunnel to server.test:443: it answered ", e.Message, StringComparison.Ordinal);
        Assert.Contains(told, e.Message, StringComparison.Ordinal);
        Assert.Contains("PooledHttpHandler.Proxy", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("word", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
        await peer.WaitForCloseAsync();
    }

    [Fact]
    public async Task A_refusal_whose_body_does_not_come_is_told_all_the_same()
    {
        using var rig = new ProxyRig(configure: static handler => handler.ResponseDrainTimeout = TimeSpan.FromSeconds(1));
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nbegin");
        await Eventually.IsTrue(() => rig.Network.Time.NextDue <= TimeSpan.FromSeconds(1), "the body is waited for");
        rig.Network.Time.Advance(TimeSpan.FromSeconds(1));
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Contains("403 Forbidden, saying 'begin'", e.Message, StringComparison.Ordinal);
        Assert.False(e.IsTimeout);
        await peer.WaitForCloseAsync();
    }

    [Fact]
    public async Task A_refusal_whose_body_does_not_end_is_read_within_a_limit()
    {
        using var rig = new ProxyRig();
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 403 Forbidden\r\n\r\n" + new string('x', Warmwire.Proxies.ProxyLimits.AnswerBodyBytes + 1));
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Contains("403 Forbidden, saying 'xxx", e.Message, StringComparison.Ordinal);
        Assert.True(e.Message.Length < 600);
    }

    [Fact]
    public async Task A_407_is_answered_on_the_same_connection_and_what_was_accepted_is_said_at_once_the_next_time()
    {
        using var rig = new ProxyRig(credentials: true);
        Task<string> first = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        Assert.DoesNotContain("Proxy-Authorization", await peer.ReadHeadAsync(), StringComparison.Ordinal);
        await peer.SendAsync($"HTTP/1.1 407 No\r\n{Challenge}Transfer-Encoding: chunked\r\n\r\n3\r\nwho\r\n0\r\n\r\n");
        Assert.Contains($"\r\nProxy-Authorization: {ProxyRig.Authorization}\r\n", await peer.ReadHeadAsync(), StringComparison.Ordinal);
        await ProxyRig.OpenAsync(peer);
        ReceivedRequest through = await peer.AnswerAsync(body: "ok");
        Assert.DoesNotContain("Proxy-", through.Head, StringComparison.Ordinal);
        Assert.Equal("ok", await first);

        Task<string> second = rig.Client.GetStringAsync("https://other.server.test/");
        ScriptedPeer next = await rig.ProxyAsync();
        Assert.Contains($"\r\nProxy-Authorization: {ProxyRig.Authorization}\r\n", await next.ReadHeadAsync(), StringComparison.Ordinal);
        await ProxyRig.OpenAsync(next);
        await next.AnswerAsync(body: "ok");
        Assert.Equal("ok", await second);
        Assert.Equal(2, rig.Network.DialCount);
    }

    [Theory]
    [InlineData("Connection: close\r\nContent-Length: 0\r\n", false)]
    [InlineData("", true)]
    [InlineData("Content-Length: 0\r\n", true)]
    public async Task A_407_that_ends_its_connection_is_answered_on_another(string fields, bool closes)
    {
        using var rig = new ProxyRig(credentials: true);
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await peer.SendAsync($"HTTP/1.1 407 No\r\n{Challenge}{fields}\r\n");
        if (closes)
        {
            // Also one that has not said so.
            peer.CloseWriting();
        }

        ScriptedPeer next = await rig.ProxyAsync();
        Assert.Contains($"\r\nProxy-Authorization: {ProxyRig.Authorization}\r\n", await next.ReadHeadAsync(), StringComparison.Ordinal);
        await peer.WaitForCloseAsync();
        await ProxyRig.OpenAsync(next);
        await next.AnswerAsync(body: "ok");
        Assert.Equal("ok", await request);
        Assert.Equal(1, rig.Network.OpenConnections);
    }

    [Theory]
    [InlineData(false, "there are no credentials for it")]
    [InlineData(true, "not accepted")]
    public async Task A_407_that_cannot_be_answered_says_what_was_wanted(bool credentials, string told)
    {
        using var rig = new ProxyRig(credentials: credentials);
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        for (int i = 0; i < (credentials ? 2 : 1); i++)
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync($"HTTP/1.1 407 No\r\n{Challenge}Proxy-Authenticate: Digest realm=x, NTLM\r\nContent-Length: 0\r\n\r\n");
        }

        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal((HttpStatusCode.ProxyAuthenticationRequired, TransportPhase.Proxy), (e.StatusCode, e.Phase));
        Assert.Contains("asking for Basic, Digest, NTLM", e.Message, StringComparison.Ordinal);
        Assert.Contains(told, e.Message, StringComparison.Ordinal);
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task Interim_answers_are_passed_over_up_to_a_limit()
    {
        using var rig = new ProxyRig();
        const string Interim = "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n";
        foreach (int count in (int[])[Warmwire.Proxies.ProxyLimits.InterimAnswers, Warmwire.Proxies.ProxyLimits.InterimAnswers + 1])
        {
            Task<string> request = rig.Client.GetStringAsync($"https://server.test:{count}/");
            ScriptedPeer peer = await rig.ProxyAsync();
            await peer.ReadHeadAsync();
            await peer.SendAsync(string.Concat(Enumerable.Repeat(Interim, count)));
            if (count > Warmwire.Proxies.ProxyLimits.InterimAnswers)
            {
                Assert.Contains("interim responses", (await ProxyRig.FailureOf(request)).Message, StringComparison.Ordinal);
                return;
            }

            await ProxyRig.OpenAsync(peer);
            await peer.AnswerAsync(body: "ok");
            Assert.Equal("ok", await request);
        }
    }

    [Fact]
    public async Task A_head_without_end_is_refused_by_the_setting_for_heads()
    {
        using var rig = new ProxyRig(configure: static handler => handler.MaxResponseHeadersLength = 1);
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nX: " + new string('x', 1024));
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal(HttpRequestError.ConfigurationLimitExceeded, e.HttpRequestError);
        Assert.Contains("PooledHttpHandler.MaxResponseHeadersLength", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_time_to_connect_holds_for_the_tunnel_too()
    {
        using var rig = new ProxyRig(configure: static handler => handler.ConnectTimeout = TimeSpan.FromSeconds(3));
        rig.Network.HoldDials = true;
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        Dial dial = await rig.Network.NextDialAsync();
        rig.Network.Time.Advance(TimeSpan.FromSeconds(2));
        ScriptedPeer peer = dial.Accept();
        await peer.ReadHeadAsync();
        rig.Network.Time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.False(request.IsCompleted);
        rig.Network.Time.Advance(TimeSpan.FromSeconds(0.1));
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal((true, TransportPhase.Proxy, "https://server.test:443"), (e.IsTimeout, e.Phase, e.Origin));
        Assert.Contains("http://proxy.test:3128", e.Message, StringComparison.Ordinal);
        Assert.Contains("within 3", e.Message, StringComparison.Ordinal);
        Assert.Contains("PooledHttpHandler.ConnectTimeout", e.Message, StringComparison.Ordinal);
        await peer.WaitForCloseAsync();
    }

    [Fact]
    public async Task TLS_in_the_tunnel_has_the_time_of_handshakes()
    {
        using var rig = new ProxyRig(configure: static handler =>
        {
            handler.ConnectTimeout = TimeSpan.FromSeconds(1);
            handler.TlsHandshakeTimeout = TimeSpan.FromSeconds(5);
        });
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        await peer.ReadExactlyAsync(1);
        rig.Network.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(request.IsCompleted);
        rig.Network.Time.Advance(TimeSpan.FromSeconds(1));
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal((true, TransportPhase.Tls), (e.IsTimeout, e.Phase));
        Assert.Contains("TlsHandshakeTimeout", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_is_disposed_lets_go_of_a_proxy_that_does_not_answer()
    {
        using var rig = new ProxyRig();
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        rig.Handler.Dispose();
        Assert.IsType<ObjectDisposedException>((await ProxyRig.FailureOf(request)).InnerException);
        await peer.WaitForCloseAsync();
    }

    [Fact]
    public async Task An_error_in_the_tunnel_names_the_proxy()
    {
        using var rig = new ProxyRig();
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await ProxyRig.OpenAsync(peer);
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal("https://server.test:443", e.Origin);
        Assert.Contains("https://server.test:443 (through the proxy http://proxy.test:3128)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_caller_says_to_the_proxy_does_not_go_through_the_tunnel()
    {
        using var rig = new ProxyRig();
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://server.test/");
        request.Headers.TryAddWithoutValidation("Proxy-Authorization", "Basic b3du");
        Task<HttpResponseMessage> response = rig.Client.SendAsync(request);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await ProxyRig.OpenAsync(peer);
        Assert.DoesNotContain("Proxy-", (await peer.AnswerAsync()).Head, StringComparison.Ordinal);
        await response;
    }
}
