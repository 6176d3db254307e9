using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>Plain requests that a proxy forwards (RFC 9112 §3.2.2).</summary>
public sealed class ForwardingTests
{
    private const string Challenge = "Proxy-Authenticate: Basic realm=\"here\"";

    [Fact]
    public async Task The_target_is_absolute_and_one_connection_serves_all_origins()
    {
        using var rig = new ProxyRig();
        ScriptedPeer? peer = null;
        foreach ((string uri, string line, string host) in ((string, string, string)[])
        [
            ("http://a.test/x?y#z", "GET http://a.test/x?y HTTP/1.1", "a.test"),
            ("http://b.test:8080/", "GET http://b.test:8080/ HTTP/1.1", "b.test:8080"),
            ("http://b.test:8080/", "GET http://b.test:8080/ HTTP/1.1", "b.test:8080"),
            ("http://a.test/x?y#z", "GET http://a.test/x?y HTTP/1.1", "a.test"),
            ("http://[::1]/", "GET http://[::1]/ HTTP/1.1", "[::1]"),
            ("http://b\u00FCcher.test/", "GET http://xn--bcher-kva.test/ HTTP/1.1", "xn--bcher-kva.test"),
        ])
        {
            Task<string> request = rig.Client.GetStringAsync(uri);
            peer ??= await rig.ProxyAsync();
            ReceivedRequest received = await peer.AnswerAsync(body: uri);
            Assert.Equal($"{line}\r\nHost: {host}\r\n\r\n", received.Head);
            Assert.Equal(uri, await request);
        }

        OriginSnapshot origin = Assert.Single(rig.Handler.GetSnapshot().Origins);
        Assert.Equal(("http://proxy.test:3128", "http://proxy.test:3128", 1L), (origin.Origin, origin.Proxy, origin.ConnectionsOpened));
        Assert.Equal(("proxy.test", 3128), (peer!.Host, peer.Port));
    }

    [Fact]
    public async Task A_407_is_read_and_answered_on_the_same_connection_and_then_said_at_once()
    {
        using var rig = new ProxyRig(credentials: true);
        Task<HttpResponseMessage> first = rig.Client.PostAsync("http://a.test/", new StringContent("content"));
        ScriptedPeer peer = await rig.ProxyAsync();
        Assert.DoesNotContain("Proxy-", (await peer.ReadRequestAsync()).Head, StringComparison.Ordinal);
        await peer.SendAsync($"HTTP/1.1 407 No\r\n{Challenge}\r\nContent-Length: 6\r\n\r\n");

        // The body is waited for, on this connection, before the request goes out again.
        await Eventually.IsTrue(() => State(rig) != "Exchange", "the head has arrived");
        Assert.Equal("Body", State(rig));
        await peer.SendAsync("denied");
        ReceivedRequest again = await peer.AnswerAsync(body: "ok");
        Assert.Equal((ProxyRig.Authorization, "content"), (again.Headers["Proxy-Authorization"], again.BodyText));
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);

        Task<string> second = rig.Client.GetStringAsync("http://b.test/");
        Assert.Equal(ProxyRig.Authorization, (await peer.AnswerAsync(body: "ok")).Headers["Proxy-Authorization"]);
        Assert.Equal("ok", await second);
        Assert.Equal(1, rig.Network.DialCount);
        Assert.Equal(0, rig.Handler.GetSnapshot().Replays);
    }

    [Fact]
    public async Task Credentials_that_change_are_used_at_once_and_what_is_refused_is_the_response()
    {
        var credentials = new Changing();
        using var rig = new ProxyRig();
        rig.Setting.Credentials = credentials;
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AnswerAsync(407, "", Challenge);
        string old = (await peer.AnswerAsync()).Headers["Proxy-Authorization"];
        await request;

        credentials.Password = "new";
        request = rig.Client.GetStringAsync("http://a.test/");
        string now = (await peer.AnswerAsync()).Headers["Proxy-Authorization"];
        Assert.NotEqual(old, now);
        await request;

        Task<HttpResponseMessage> refused = rig.Client.GetAsync("http://a.test/");
        Assert.Equal(now, (await peer.AnswerAsync(407, "no more", Challenge)).Headers["Proxy-Authorization"]);
        HttpResponseMessage response = await refused;
        Assert.Equal((407, "no more"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, true)]
    public async Task A_407_that_cannot_be_answered_is_the_response(bool credentials, bool offersBasic, bool oneTimeContent)
    {
        using var rig = new ProxyRig(credentials: credentials);
        using HttpContent? content = oneTimeContent ? new StreamContent(new OneTimeStream()) : null;
        Task<HttpResponseMessage> request = rig.Client.PostAsync("http://a.test/", content);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AnswerAsync(407, "denied", offersBasic ? Challenge : "Proxy-Authenticate: Unknown");
        HttpResponseMessage response = await request;
        Assert.Equal((407, "denied"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        await peer.ExpectNoBytesAsync();
    }

    [Fact]
    public async Task The_callers_own_authorization_wins_and_stays_with_the_proxy()
    {
        using var rig = new ProxyRig(credentials: true);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://a.test/");
        request.Headers.TryAddWithoutValidation("Proxy-Authorization", "Basic b3du");
        Task<HttpResponseMessage> response = rig.Client.SendAsync(request);
        ScriptedPeer peer = await rig.ProxyAsync();
        ReceivedRequest received = await peer.AnswerAsync();
        Assert.Single(received.HeaderLines, static line => line.Name == "Proxy-Authorization");
        Assert.Equal("Basic b3du", received.Headers["Proxy-Authorization"]);
        await response;
    }

    [Fact]
    public async Task A_redirect_asks_for_the_proxy_again_and_takes_no_authorization_along()
    {
        using var rig = new ProxyRig(credentials: true);
        rig.Setting.BypassList = ["straight\\.test"];
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer proxy = await rig.ProxyAsync();
        await proxy.AnswerAsync(407, "", Challenge);
        Assert.True((await proxy.AnswerAsync(302, "", "Location: http://straight.test/")).Headers.ContainsKey("Proxy-Authorization"));
        ScriptedPeer server = await rig.ProxyAsync();
        Assert.Equal("straight.test", server.Host);
        Assert.Equal("GET / HTTP/1.1\r\nHost: straight.test\r\n\r\n", (await server.AnswerAsync(body: "ok")).Head);
        Assert.Equal("ok", await request);
    }

    [Fact]
    public async Task An_error_names_the_origin_of_the_request_and_the_proxy()
    {
        using var rig = new ProxyRig();
        Task<string> request = rig.Client.GetStringAsync("http://a.test:81/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadRequestAsync();
        peer.Close();
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal("http://a.test:81", e.Origin);
        Assert.Contains("http://a.test:81 (through the proxy http://proxy.test:3128)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_cannot_be_reached_is_named()
    {
        using var rig = new ProxyRig();
        foreach (string uri in (string[])["http://a.test/", "https://server.test/"])
        {
            rig.Network.FailNextDial(new IOException("no way"));
            TransportException e = await ProxyRig.FailureOf(rig.Client.GetStringAsync(uri));
            Assert.Equal((HttpRequestError.ConnectionError, TransportPhase.Connect), (e.HttpRequestError, e.Phase));
            Assert.Contains("proxy.test:3128 (", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_request_may_bring_a_proxy_of_its_own_or_go_straight()
    {
        using var rig = new ProxyRig();
        foreach ((IWebProxy? own, string host) in ((IWebProxy?, string)[])
            [(new WebProxy("http://own.test:1"), "own.test"), (null, "a.test")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "http://a.test/");
            request.Options.Set(TransportOptions.Proxy, own!);
            Task<HttpResponseMessage> response = rig.Client.SendAsync(request);
            ScriptedPeer peer = await rig.ProxyAsync();
            Assert.Equal(host, peer.Host);
            await peer.AnswerAsync();
            await response;
        }

        Assert.Equal(2, rig.Network.DialCount);
    }

    [Fact]
    public async Task Connections_are_opened_beforehand_to_the_proxy()
    {
        using var rig = new ProxyRig();
        Task<int> opening = rig.Handler.PrewarmAsync(new Uri("http://a.test/"), 1);
        ScriptedPeer peer = await rig.ProxyAsync();
        Assert.Equal(1, await opening);
        Task<string> request = rig.Client.GetStringAsync("http://b.test/");
        await peer.AnswerAsync(body: "ok");
        Assert.Equal("ok", await request);
        Assert.Equal("proxy.test", peer.Host);
    }

    private static string State(ProxyRig rig) => rig.Handler.GetSnapshot().Origins[0].Connections[0].State;

    private sealed class Changing : ICredentials
    {
        public string Password { get; set; } = "old";

        public NetworkCredential GetCredential(Uri uri, string authType) => new("user", Password);
    }

    private sealed class OneTimeStream() : MemoryStream("content"u8.ToArray())
    {
        public override bool CanSeek => false;
    }
}
