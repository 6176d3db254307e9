using System.Net;
using Warmwire.Authentication;
using Warmwire.Tests.Authentication;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>What is answered to the 407 of a plain request that a proxy forwards, scheme by scheme.</summary>
/// <remarks>The proxy is an address: the name of a host would be looked up for Kerberos.</remarks>
public sealed class ForwardingAuthenticationTests
{
    private const string Proxy = "http://192.0.2.9:3128";
    private const string Field = "Proxy-Authorization";

    [Fact]
    public async Task Digest_is_over_the_absolute_target_and_counts_over_origins()
    {
        using var rig = new ProxyRig(Proxy, credentials: true);
        Task<HttpResponseMessage> first = rig.Client.PostAsync("http://B\u00FCcher.test:80/x?y#z", new StringContent("content"));
        ScriptedPeer peer = await rig.ProxyAsync();
        Assert.DoesNotContain(Field, (await peer.AnswerAsync(407, "denied", Challenge("one"))).Headers.Keys);
        ReceivedRequest again = await peer.AnswerAsync();
        DigestAnswer answer = DigestAnswer.Read(again.Headers[Field]);
        Assert.Equal(("content", again.Target, "one", "00000001"), (again.BodyText, answer.Uri, answer.Nonce, answer.Count));
        Assert.Equal("http://xn--bcher-kva.test/x?y", answer.Uri);
        Assert.True(answer.IsRight("POST"));
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);

        foreach ((string uri, string count) in ((string, string)[])[("http://b.test:81/", "00000002"), ("http://c.test/d", "00000003")])
        {
            Task<string> next = rig.Client.GetStringAsync(uri);
            answer = DigestAnswer.Read((await peer.AnswerAsync()).Headers[Field]);
            Assert.Equal((uri, "one", count, true), (answer.Uri, answer.Nonce, answer.Count, answer.IsRight("GET")));
            await next;
        }

        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task A_nonce_that_is_over_or_followed_by_another_is_replaced()
    {
        using var rig = new ProxyRig(Proxy, credentials: true);
        ScriptedPeer peer = await AcceptedAsync(rig, Challenge("one"));

        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        Assert.Equal("one", DigestAnswer.Read((await peer.AnswerAsync(407, "", Challenge("two") + ", stale=true")).Headers[Field]).Nonce);
        DigestAnswer answer =
            DigestAnswer.Read((await peer.AnswerAsync(200, "", "Proxy-Authentication-Info: nextnonce=\"three\"")).Headers[Field]);
        Assert.Equal(("two", "00000001"), (answer.Nonce, answer.Count));
        await request;

        // Also an answer that was not asked for brings the next nonce.
        foreach ((string nonce, string next) in ((string, string)[])[("three", "four"), ("four", "five")])
        {
            request = rig.Client.GetStringAsync("http://a.test/");
            answer = DigestAnswer.Read(
                (await peer.AnswerAsync(200, "", $"Proxy-Authentication-Info: nextnonce=\"{next}\"")).Headers[Field]);
            Assert.Equal((nonce, "00000001", true), (answer.Nonce, answer.Count, answer.IsRight("GET")));
            await request;
        }
    }

    [Theory]
    [InlineData("NTLM")]
    [InlineData("Negotiate")]
    public async Task The_messages_go_on_one_connection_that_is_its_identitys_for_all_origins(string scheme)
    {
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations);
        Task<HttpResponseMessage> first = rig.Client.PostAsync("http://a.test/", new StringContent("content"));
        ScriptedPeer open = await rig.ProxyAsync();
        await open.AnswerAsync(407, "denied", $"Proxy-Authenticate: {scheme}");
        ScriptedPeer bound = await rig.ProxyAsync();
        Assert.Equal((scheme + " c1", "content"), Seen(await bound.AnswerAsync(407, "go on", $"Proxy-Authenticate: {scheme} s1")));
        Assert.Equal((scheme + " c2", "content"), Seen(await bound.AnswerAsync()));
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);

        // Later requests go out on it as they are, whichever origin they are for.
        foreach (string uri in (string[])["http://a.test/", "http://b.test/"])
        {
            Task<string> next = rig.Client.GetStringAsync(uri);
            Assert.Equal(("", ""), Seen(await bound.AnswerAsync()));
            await next;
        }

        OriginSnapshot[] origins = [.. rig.Handler.GetSnapshot().Origins];
        Assert.Equal(2, origins.Length);
        Assert.All(origins, static origin => Assert.Equal((Proxy, Proxy, 1), (origin.Origin, origin.Proxy, origin.Idle)));
        NegotiationOptions begun = Assert.Single(negotiations.Begun);
        Assert.Equal(("HTTP/192.0.2.9", true), (begun.TargetName, begun.IsProxy));
        Assert.Equal(0, negotiations.Open);

        // A new connection begins with its first message at once.
        rig.Handler.CloseIdleConnections();
        Task<string> last = rig.Client.GetStringAsync("http://c.test/");
        bound = await rig.ProxyAsync();
        Assert.Equal(scheme + " c1", (await bound.AnswerAsync(407, "", $"Proxy-Authenticate: {scheme} s1")).Headers[Field]);
        Assert.Equal(scheme + " c2", (await bound.AnswerAsync()).Headers[Field]);
        await last;
        Assert.Equal(3, rig.Network.DialCount);
    }

    [Fact]
    public async Task Another_identity_gets_a_connection_of_its_own()
    {
        var credentials = new Changing { Name = "a" };
        using var rig = Rig(new ScriptedNegotiations { SaysName = true });
        rig.Setting.Credentials = credentials;
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        await (await rig.ProxyAsync()).AnswerAsync(407, "", "Proxy-Authenticate: NTLM");
        ScriptedPeer ofA = await AuthenticateAsync("a");
        await request;

        credentials.Name = "b";
        request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer ofB = await AuthenticateAsync("b");
        await request;

        foreach ((string name, ScriptedPeer peer) in ((string, ScriptedPeer)[])[("a", ofA), ("b", ofB), ("a", ofA)])
        {
            credentials.Name = name;
            request = rig.Client.GetStringAsync("http://a.test/");
            await peer.AnswerAsync();
            await request;
        }

        async Task<ScriptedPeer> AuthenticateAsync(string name)
        {
            ScriptedPeer peer = await rig.ProxyAsync();
            Assert.Equal($"NTLM c1.{name}", (await peer.AnswerAsync(407, "", "Proxy-Authenticate: NTLM s1")).Headers[Field]);
            Assert.Equal($"NTLM c2.{name}", (await peer.AnswerAsync()).Headers[Field]);
            return peer;
        }
    }

    [Theory]
    [InlineData("Basic realm=a", 2)]
    [InlineData("Digest realm=a, nonce=n, qop=auth", 2)]
    [InlineData("Digest realm=a, nonce=n, qop=auth, stale=true", 1 + AuthenticationLimits.Answers)] // it never ends by itself
    [InlineData("NTLM", 2)]
    [InlineData("NTLM s", 1 + AuthenticationLimits.Answers)]
    [InlineData("NTLM bad", 2)]
    public async Task What_is_refused_is_the_response(string challenge, int asked)
    {
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations);
        Task<HttpResponseMessage> request = rig.Client.GetAsync("http://a.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        bool isBound = challenge.StartsWith("NTLM", StringComparison.Ordinal);
        for (int i = 0; i < asked; i++)
        {
            await peer.AnswerAsync(407, $"refused {i + 1}", "Proxy-Authenticate: " + (isBound && i == 0 ? "NTLM" : challenge));
            peer = isBound && i == 0 ? await rig.ProxyAsync() : peer;
        }

        HttpResponseMessage response = await request;
        Assert.Equal((407, $"refused {asked}"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(0, negotiations.Open);
        Assert.Equal(0, rig.Handler.GetSnapshot().Origins.Sum(static origin => origin.LeakedResponses));
    }

    [Theory]
    [InlineData("Basic", "Content-Length: 6\r\n\r\ndenied", 1)]
    [InlineData("Basic", "Transfer-Encoding: chunked\r\n\r\n6\r\ndenied\r\n0\r\n\r\n", 1)]
    [InlineData("Basic", "\r\ndenied", 2)] // until it closes
    [InlineData("Digest", "Connection: close\r\nContent-Length: 6\r\n\r\ndenied", 2)]
    [InlineData("NTLM", "Connection: close\r\nContent-Length: 6\r\n\r\ndenied", 2)]
    [InlineData("NTLM", "\r\ndenied", 2)]
    [InlineData("NTLM", "Content-Length: 6\r\n\r\ndenied", 2)] // its connections are its own
    public async Task A_challenge_is_answered_however_its_body_ends(string scheme, string end, int dials)
    {
        using var rig = Rig(new ScriptedNegotiations());
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync($"HTTP/1.1 407 No\r\nProxy-Authenticate: {scheme} realm=a, nonce=n, qop=auth\r\n{end}");
        if (end[0] == '\r')
        {
            peer.CloseWriting();
        }

        peer = dials == 1 ? peer : await rig.ProxyAsync();
        Assert.StartsWith(scheme, (await peer.AnswerAsync(200, "ok")).Headers[Field], StringComparison.Ordinal);
        Assert.Equal("ok", await request);
        Assert.Equal(dials, rig.Network.DialCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_content_is_sent_again_only_where_it_can_be(bool wasWithheld)
    {
        using var rig = Rig(new ScriptedNegotiations());
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://a.test/")
        {
            Content = new StreamContent(new Exchange.OneWayStream("content"u8.ToArray())),
        };
        request.Headers.ExpectContinue = wasWithheld;
        Task<HttpResponseMessage> response = rig.Client.SendAsync(request);
        ScriptedPeer peer = await rig.ProxyAsync();
        if (!wasWithheld)
        {
            await peer.AnswerAsync(407, "denied", Challenge("n"));
            Assert.Equal("denied", await (await response).Content.ReadAsStringAsync());
            return;
        }

        await peer.ReadRequestHeadAsync();
        await peer.SendResponseAsync(407, "denied", Challenge("n"));
        ScriptedPeer next = await rig.ProxyAsync();
        ReceivedRequest again = await next.ReadRequestHeadAsync();
        Assert.True(DigestAnswer.Read(again.Headers[Field]).IsRight("POST"));
        await next.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await next.ReadBodyAsync(again);
        Assert.Equal("content", again.BodyText);
        await next.SendResponseAsync();
        Assert.Equal(HttpStatusCode.OK, (await response).StatusCode);
    }

    [Fact]
    public async Task A_field_of_the_callers_goes_first_and_is_replaced_where_it_is_refused()
    {
        using var rig = new ProxyRig(Proxy, credentials: true);
        ScriptedPeer peer = await AcceptedAsync(rig, "Proxy-Authenticate: Basic realm=a");
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://a.test/");
        request.Headers.TryAddWithoutValidation(Field, "Bearer own");
        Task<HttpResponseMessage> response = rig.Client.SendAsync(request);
        Assert.Equal("Bearer own", (await peer.AnswerAsync(407, "", "Proxy-Authenticate: Basic realm=a")).Headers[Field]);
        ReceivedRequest again = await peer.AnswerAsync();
        Assert.Single(again.HeaderLines, static line => line.Name == Field);
        Assert.Equal(ProxyRig.Authorization, again.Headers[Field]);
        Assert.Equal(HttpStatusCode.OK, (await response).StatusCode);
        Assert.Equal("Bearer own", request.Headers.NonValidated[Field].ToString());
    }

    [Fact]
    public async Task Server_and_proxy_are_answered_side_by_side()
    {
        using var rig = new ProxyRig(
            Proxy, credentials: true, static handler => handler.Credentials = new NetworkCredential("server", "word"));
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AnswerAsync(407, "", Challenge("n"));
        ReceivedRequest second = await peer.AnswerAsync(401, "", "WWW-Authenticate: Basic realm=b");
        Assert.DoesNotContain("Authorization", second.Headers.Keys);
        Assert.Equal("00000001", DigestAnswer.Read(second.Headers[Field]).Count);
        ReceivedRequest third = await peer.AnswerAsync(407, "", Challenge("m") + ", stale=true");
        Assert.Equal("00000002", DigestAnswer.Read(third.Headers[Field]).Count);
        ReceivedRequest fourth = await peer.AnswerAsync(200, "ok");
        Assert.Equal("Basic c2VydmVyOndvcmQ=", third.Headers["Authorization"]);
        Assert.Equal("Basic c2VydmVyOndvcmQ=", fourth.Headers["Authorization"]);
        Assert.Equal("m", DigestAnswer.Read(fourth.Headers[Field]).Nonce);
        Assert.Equal("ok", await request);
        Assert.Equal(1, rig.Network.DialCount);
    }

    /// <summary>
    /// A server's NTLM goes through a proxy only if that says that it keeps connections apart; then they are one user's at one server.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_authenticates_a_connection_behind_a_proxy_that_keeps_them_apart(bool keepsApart)
    {
        string[] fields = ["WWW-Authenticate: NTLM", keepsApart ? "Proxy-Support: session-based-authentication" : "X: y"];
        using var rig = Rig(new ScriptedNegotiations(), static handler => handler.Credentials = new NetworkCredential("server", "word"));
        ScriptedPeer open = await AcceptedAsync(rig, "Proxy-Authenticate: Basic realm=a");
        Task<HttpResponseMessage> request = rig.Client.GetAsync("http://a.test/");
        await open.AnswerAsync(401, "no", fields);
        if (!keepsApart)
        {
            Assert.Equal("no", await (await request).Content.ReadAsStringAsync());
            return;
        }

        // The proxy's own is said with each message: on this connection nobody would answer it.
        ScriptedPeer bound = await rig.ProxyAsync();
        ReceivedRequest first = await bound.AnswerAsync(401, "", "WWW-Authenticate: NTLM s1");
        ReceivedRequest second = await bound.AnswerAsync();
        Assert.Equal(("NTLM c1", ProxyRig.Authorization), (first.Headers["Authorization"], first.Headers[Field]));
        Assert.Equal(("NTLM c2", ProxyRig.Authorization), (second.Headers["Authorization"], second.Headers[Field]));
        await request;

        // Another server's connection is another.
        request = rig.Client.GetAsync("http://b.test/");
        await open.AnswerAsync(401, "no", fields);
        ScriptedPeer other = await rig.ProxyAsync();
        Assert.Equal("http://b.test/", (await other.AnswerAsync(401, "", "WWW-Authenticate: NTLM s1")).Target);
        await other.AnswerAsync();
        await request;

        // The same server's is used again.
        request = rig.Client.GetAsync("http://a.test/");
        await open.AnswerAsync(401, "no", fields);
        Assert.DoesNotContain("Authorization", (await bound.AnswerAsync()).Headers.Keys);
        await request;
    }

    [Fact]
    public async Task What_one_proxy_is_told_no_other_is()
    {
        var setting = new Alternating();
        using var rig = new ProxyRig(Proxy, configure: handler => handler.Proxy = setting);
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer first = await rig.ProxyAsync();
        setting.Port = 2;
        await first.AnswerAsync(407, "", Challenge("one"));

        // The request stays with the proxy that has asked.
        Assert.Equal("one", DigestAnswer.Read((await first.AnswerAsync()).Headers[Field]).Nonce);
        await request;

        request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer second = await rig.ProxyAsync();
        Assert.Equal((1, 2), (first.Port, second.Port));
        Assert.DoesNotContain(Field, (await second.AnswerAsync(407, "", Challenge("two"))).Headers.Keys);
        await second.AnswerAsync();
        await request;

        // And each is remembered for itself.
        foreach ((int port, ScriptedPeer peer, string nonce) in ((int, ScriptedPeer, string)[])[(1, first, "one"), (2, second, "two")])
        {
            setting.Port = port;
            request = rig.Client.GetStringAsync("http://a.test/");
            Assert.Equal(nonce, DigestAnswer.Read((await peer.AnswerAsync()).Headers[Field]).Nonce);
            await request;
        }
    }

    [Theory]
    [InlineData("NTLM", "NTLM c1")]
    [InlineData("Digest realm=a, nonce=n, qop=auth", "Digest ")]
    public async Task Behind_a_redirect_that_goes_straight_nothing_of_the_proxys_is_sent(string challenge, string said)
    {
        using var rig = Rig(new ScriptedNegotiations());
        rig.Setting.BypassList = ["straight\\.test"];
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AnswerAsync(407, "", "Proxy-Authenticate: " + challenge);
        peer = said == "NTLM c1" ? await rig.ProxyAsync() : peer;
        Assert.StartsWith(
            said, (await peer.AnswerAsync(302, "", "Location: http://straight.test/")).Headers[Field], StringComparison.Ordinal);
        ScriptedPeer server = await rig.ProxyAsync();
        Assert.Equal("GET / HTTP/1.1\r\nHost: straight.test\r\n\r\n", (await server.AnswerAsync(body: "ok")).Head);
        Assert.Equal("ok", await request);
    }

    [Fact]
    public async Task Credentials_that_throw_fail_their_request_alone()
    {
        using var rig = new ProxyRig(Proxy);
        rig.Setting.Credentials = new Throwing();
        Task<string> request = rig.Client.GetStringAsync("http://a.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AnswerAsync(407, "", Challenge("n"));
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.IsType<ArithmeticException>(e.InnerException);
        Assert.Equal("http://a.test:80", e.Origin);
        Assert.Contains("the proxy http://192.0.2.9:3128", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);

        request = rig.Client.GetStringAsync("http://a.test/");
        await peer.AnswerAsync(200, "ok");
        Assert.Equal("ok", await request);
    }

    private static ProxyRig Rig(INegotiationFactory negotiations, Action<PooledHttpHandler>? configure = null) =>
        new(Proxy, credentials: true, handler =>
        {
            handler.Negotiations = negotiations;
            configure?.Invoke(handler);
        });

    private static string Challenge(string nonce) => $"Proxy-Authenticate: Digest realm=\"a\", nonce=\"{nonce}\", qop=\"auth\"";

    private static (string, string) Seen(ReceivedRequest request) =>
        (request.Headers.GetValueOrDefault(Field) ?? "", request.BodyText);

    /// <summary>The connection on which the proxy has asked once, and was answered.</summary>
    private static async Task<ScriptedPeer> AcceptedAsync(ProxyRig rig, string challenge)
    {
        Task<string> request = rig.Client.GetStringAsync("http://first.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AnswerAsync(407, "", challenge);
        await peer.AnswerAsync();
        await request;
        return peer;
    }

    private sealed class Changing : ICredentials
    {
        public required string Name { get; set; }

        public NetworkCredential? GetCredential(Uri uri, string authType) =>
            authType == "NTLM" ? new NetworkCredential(Name, "p") : null;
    }

    private sealed class Throwing : ICredentials
    {
        public NetworkCredential GetCredential(Uri uri, string authType) => throw new ArithmeticException("secret");
    }

    private sealed class Alternating : IWebProxy
    {
        public int Port { get; set; } = 1;

        public ICredentials? Credentials { get; set; } = new NetworkCredential(ProxyRig.User, ProxyRig.Password);

        public Uri? GetProxy(Uri destination) => new($"http://192.0.2.9:{Port}");

        public bool IsBypassed(Uri host) => false;
    }
}
