using System.Net;
using Warmwire.Authentication;
using Warmwire.Tests.Authentication;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>What is answered to the 407 of a CONNECT, scheme by scheme.</summary>
/// <remarks>The proxy is an address: the name of a host would be looked up for Kerberos.</remarks>
public sealed class TunnelAuthenticationTests
{
    private const string Proxy = "http://192.0.2.9:3128";
    private const string Server = "https://server.test/";

    [Fact]
    public async Task Digest_is_over_the_authority_and_counts_over_tunnels()
    {
        using var rig = new ProxyRig(Proxy, credentials: true);
        Task<string> first = rig.Client.GetStringAsync("https://server.test/path?query");
        ScriptedPeer peer = await rig.ProxyAsync();
        Assert.DoesNotContain("Proxy-Authorization", await peer.ReadHeadAsync(), StringComparison.Ordinal);
        await RefuseAsync(peer, Digest("one"));
        DigestAnswer answer = DigestAnswer.InHead(await peer.ReadHeadAsync());
        Assert.Equal(("server.test:443", "one", "00000001", true), (answer.Uri, answer.Nonce, answer.Count, answer.IsRight("CONNECT")));
        Assert.DoesNotContain("Proxy-", (await ServeAsync(peer)).Head, StringComparison.Ordinal);
        await first;

        Task<string> second = rig.Client.GetStringAsync("https://other.server.test:8443/");
        ScriptedPeer next = await rig.ProxyAsync();
        answer = DigestAnswer.InHead(await next.ReadHeadAsync());
        Assert.Equal(("other.server.test:8443", "one", "00000002"), (answer.Uri, answer.Nonce, answer.Count));
        Assert.True(answer.IsRight("CONNECT"));
        await ServeAsync(next);
        await second;
    }

    [Fact]
    public async Task A_nonce_that_is_over_or_followed_by_another_is_replaced()
    {
        using var rig = new ProxyRig(Proxy, credentials: true);
        await OpenAsync(rig, "one", challenged: true);

        // Stale: the credentials are right, only the nonce is not taken any more.
        Task<string> request = rig.Client.GetStringAsync("https://b.server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        Assert.Equal("one", DigestAnswer.InHead(await peer.ReadHeadAsync()).Nonce);
        await RefuseAsync(peer, Digest("two") + ", stale=true");
        DigestAnswer answer = DigestAnswer.InHead(await peer.ReadHeadAsync());
        Assert.Equal(("two", "00000001"), (answer.Nonce, answer.Count));
        await ServeAsync(peer, "Proxy-Authentication-Info: nextnonce=\"three\"\r\n");
        await request;

        request = rig.Client.GetStringAsync("https://c.server.test/");
        peer = await rig.ProxyAsync();
        answer = DigestAnswer.InHead(await peer.ReadHeadAsync());
        Assert.Equal(("three", "00000001", true), (answer.Nonce, answer.Count, answer.IsRight("CONNECT")));
        await ServeAsync(peer);
        await request;
    }

    [Theory]
    [InlineData("NTLM", "Content-Length: 4\r\n\r\nbody")]
    [InlineData("NTLM", "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("Negotiate", "Content-Length: 0\r\n\r\n")]
    public async Task The_messages_of_a_dial_go_on_its_connection_and_later_dials_begin_at_once(string scheme, string end)
    {
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations);
        Task<string> first = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, scheme, end);
        Assert.Equal($"{scheme} c1", Said(await peer.ReadHeadAsync()));
        await RefuseAsync(peer, $"{scheme} s1", end);
        Assert.Equal($"{scheme} c2", Said(await peer.ReadHeadAsync()));
        await ServeAsync(peer);
        await first;
        Assert.Equal(1, rig.Network.DialCount);

        Task<string> second = rig.Client.GetStringAsync("https://other.server.test/");
        ScriptedPeer next = await rig.ProxyAsync();
        Assert.Equal($"{scheme} c1", Said(await next.ReadHeadAsync()));
        await RefuseAsync(next, $"{scheme} s1", end);
        Assert.Equal($"{scheme} c2", Said(await next.ReadHeadAsync()));
        await ServeAsync(next);
        await second;

        Assert.All(negotiations.Begun, begun => Assert.Equal(
            (scheme.ToUpperInvariant(), "HTTP/192.0.2.9", true, ProxyRig.User),
            (begun.Scheme.ToString().ToUpperInvariant(), begun.TargetName, begun.IsProxy, begun.Credential.UserName)));
        await Eventually.IsTrue(() => negotiations.Open == 0, "the negotiations are disposed");
    }

    [Theory]
    [InlineData("Basic realm=a", 2)]
    [InlineData("Digest realm=a, nonce=n, qop=auth", 2)]
    [InlineData("Digest realm=a, nonce=n, qop=auth, stale=true", 1 + AuthenticationLimits.Answers)] // it never ends by itself
    [InlineData("NTLM", 2)] // no token: refused
    [InlineData("NTLM s", 1 + AuthenticationLimits.Answers)]
    [InlineData("NTLM bad", 2)]
    public async Task What_is_refused_is_the_failure(string challenge, int asked)
    {
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations);
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        for (int i = 0; i < asked; i++)
        {
            await peer.ReadHeadAsync();
            await RefuseAsync(peer, i == 0 && challenge.StartsWith("NTLM", StringComparison.Ordinal) ? "NTLM" : challenge);
        }

        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal((HttpStatusCode.ProxyAuthenticationRequired, TransportPhase.Proxy), (e.StatusCode, e.Phase));
        Assert.Contains("not accepted", e.Message, StringComparison.Ordinal);
        foreach (string secret in (string[])[ProxyRig.User, ProxyRig.Password, ProxyRig.Authorization[6..], "c1"])
        {
            Assert.DoesNotContain(secret, e.ToString(), StringComparison.Ordinal);
        }

        await peer.WaitForCloseAsync();
        Assert.Equal(1, rig.Network.DialCount);
        await Eventually.IsTrue(() => negotiations.Open == 0, "the negotiation is disposed");
    }

    [Theory]
    [InlineData("", "Negotiate c1")]
    [InlineData("NTLM", "NTLM c1")]
    [InlineData("Digest", "Digest ")]
    [InlineData("Basic", "Basic ")]
    public async Task The_strongest_that_there_is_a_credential_for_is_taken(string only, string said)
    {
        using var rig = Rig(new ScriptedNegotiations());
        rig.Setting.Credentials = only.Length == 0
            ? rig.Setting.Credentials
            : new CredentialCache { { new Uri(Proxy), only, new NetworkCredential(ProxyRig.User, ProxyRig.Password) } };
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, "Basic realm=a, Digest realm=a, nonce=n, qop=auth, Negotiate, NTLM");
        Assert.StartsWith(said, Said(await peer.ReadHeadAsync()), StringComparison.Ordinal);
        await ServeAsync(peer);
        await request;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_proxy_that_closes_behind_its_first_challenge_is_answered_on_another_connection(bool saysSo)
    {
        using var rig = Rig(new ScriptedNegotiations());
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, "NTLM", $"{(saysSo ? "Connection: close\r\n" : "")}Content-Length: 0\r\n\r\n");
        peer.CloseWriting();
        ScriptedPeer next = await rig.ProxyAsync();
        Assert.Equal("NTLM c1", Said(await next.ReadHeadAsync()));
        await RefuseAsync(next, "NTLM s1");
        Assert.Equal("NTLM c2", Said(await next.ReadHeadAsync()));
        await ServeAsync(next);
        await request;
        Assert.Equal(2, rig.Network.DialCount);
    }

    [Theory]
    [InlineData(true, "refused the tunnel")]
    [InlineData(false, "closed")]
    public async Task A_proxy_that_closes_between_the_messages_has_refused(bool saysSo, string told)
    {
        using var rig = Rig(new ScriptedNegotiations());
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, "NTLM");
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, "NTLM s1", $"{(saysSo ? "Connection: close\r\n" : "")}Content-Length: 0\r\n\r\n");
        if (!saysSo)
        {
            Assert.Equal("NTLM c2", Said(await peer.ReadHeadAsync()));
            peer.CloseWriting();
        }

        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal(TransportPhase.Proxy, e.Phase);
        Assert.Contains(told, e.Message, StringComparison.Ordinal);
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task A_proxy_that_asks_for_something_else_by_now_gets_that()
    {
        using var rig = Rig(new ScriptedNegotiations());
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, "NTLM");
        await peer.ReadHeadAsync();
        await ServeAsync(peer);
        await request;

        for (int i = 0; i < 2; i++)
        {
            request = rig.Client.GetStringAsync($"https://other{i}.server.test/");
            peer = await rig.ProxyAsync();
            if (i == 0)
            {
                Assert.Equal("NTLM c1", Said(await peer.ReadHeadAsync()));
                await RefuseAsync(peer, "Basic realm=a");
            }

            Assert.Equal(ProxyRig.Authorization, Said(await peer.ReadHeadAsync()));
            await ServeAsync(peer);
            await request;
        }
    }

    [Fact]
    public async Task Credentials_that_throw_fail_the_dial_with_what_they_threw()
    {
        using var rig = new ProxyRig(Proxy);
        rig.Setting.Credentials = new Throwing();
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, "Basic realm=a");
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal((HttpRequestError.ProxyTunnelError, TransportPhase.Proxy), (e.HttpRequestError, e.Phase));
        Assert.IsType<ArithmeticException>(e.InnerException);
        Assert.Contains("the proxy http://192.0.2.9:3128", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_time_to_connect_holds_for_a_domain_controller_too()
    {
        var controller = new TaskCompletionSource();
        var negotiations = new ScriptedNegotiations { DomainController = controller.Task };
        using var rig = Rig(negotiations, static handler => handler.ConnectTimeout = TimeSpan.FromSeconds(3));
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        await RefuseAsync(peer, "NTLM");
        await Guard.Within(negotiations.Asked.Task, static () => "the domain controller is asked");
        rig.Network.Time.Advance(TimeSpan.FromSeconds(3));
        TransportException e = await ProxyRig.FailureOf(request);
        Assert.Equal((true, TransportPhase.Proxy), (e.IsTimeout, e.Phase));
        Assert.Equal(1, negotiations.Open);
        controller.SetResult();
        await Eventually.IsTrue(() => negotiations.Open == 0, "what was negotiated is disposed behind it");
    }

    /// <summary>Asking the program for its credentials takes place within the dial's time, also before the first CONNECT.</summary>
    [Fact]
    public async Task Credentials_that_block_hold_up_their_dial_and_no_longer_than_its_time()
    {
        var credentials = new Blocking();
        using var rig = new ProxyRig(Proxy, configure: static handler => handler.ConnectTimeout = TimeSpan.FromSeconds(3));
        rig.Setting.Credentials = credentials;
        await OpenAsync(rig, "one", challenged: true);
        credentials.Blocks = true;
        Task<string> request = rig.Client.GetStringAsync(Server);
        await rig.ProxyAsync();
        await Guard.Within(credentials.Asked.Task, static () => "the credentials are asked");
        rig.Network.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.True((await ProxyRig.FailureOf(request)).IsTimeout);
        credentials.Go.Set();
    }

    /// <summary>Bytes of the server that come in one read with the proxy's answer are its first, and not lost (RFC 9110 §9.3.6).</summary>
    [Fact]
    public async Task What_comes_with_the_answer_that_opens_the_tunnel_is_the_servers()
    {
        using var rig = new ProxyRig(Proxy);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://server.test/")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Task<HttpResponseMessage> response = rig.Client.SendAsync(request);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        byte[] settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        byte[] ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        await peer.SendAsync((byte[])[.. "HTTP/1.1 200 OK\r\n\r\n"u8, .. settings, .. ping[..12]]);
        await peer.SendAsync(ping.AsMemory(12));
        await peer.ReadExactlyAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".Length);
        while (true)
        {
            byte[] head = await peer.ReadExactlyAsync(9);
            byte[] payload = await peer.ReadExactlyAsync((head[0] << 16) | (head[1] << 8) | head[2]);
            if (head[3] == 6)
            {
                Assert.Equal(ping[9..], payload);
                break;
            }
        }

        Assert.False(response.IsCompleted);
    }

    /// <summary>The body of a 407 is not taken for the next answer, wherever its bytes are cut.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(70)]
    [InlineData(95)]
    public async Task The_body_of_a_407_is_read_to_its_end_before_the_next_answer(int cut)
    {
        using var rig = new ProxyRig(Proxy, credentials: true);
        Task<string> request = rig.Client.GetStringAsync(Server);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        const string Body = "HTTP/1.1 403 Trap\r\nContent-Length: 0\r\n\r\n";
        string answer = $"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=a\r\nContent-Length: {Body.Length}\r\n\r\n{Body}";
        await peer.SendAsync(answer[..cut]);
        await peer.ExpectNoBytesAsync();
        await peer.SendAsync(answer[cut..]);
        Assert.Equal(ProxyRig.Authorization, Said(await peer.ReadHeadAsync()));
        await ServeAsync(peer);
        await request;
        Assert.Equal(1, rig.Network.DialCount);
    }

    private static ProxyRig Rig(INegotiationFactory negotiations, Action<PooledHttpHandler>? configure = null) =>
        new(Proxy, credentials: true, handler =>
        {
            handler.Negotiations = negotiations;
            configure?.Invoke(handler);
        });

    private static string Digest(string nonce) => $"Digest realm=\"a\", nonce=\"{nonce}\", qop=\"auth\"";

    private static Task RefuseAsync(ScriptedPeer peer, string challenge, string end = "Content-Length: 0\r\n\r\n") =>
        peer.SendAsync($"HTTP/1.1 407 No\r\nProxy-Authenticate: {challenge}\r\n{end}");

    private static string Said(string head) =>
        head.Split("\r\n").SingleOrDefault(static line => line.StartsWith("Proxy-Authorization: ", StringComparison.Ordinal))?[21..] ?? "";

    /// <summary>Opens the tunnel and becomes the server behind it, which answers one request.</summary>
    private static async Task<ReceivedRequest> ServeAsync(ScriptedPeer peer, string fields = "")
    {
        await peer.SendAsync($"HTTP/1.1 200 Connection established\r\n{fields}\r\n");
        await peer.AuthenticateAsServerAsync(TestCertificates.Presenting());
        return await peer.AnswerAsync(body: "ok");
    }

    private static async Task OpenAsync(ProxyRig rig, string nonce, bool challenged)
    {
        Task<string> request = rig.Client.GetStringAsync("https://a.server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.ReadHeadAsync();
        if (challenged)
        {
            await RefuseAsync(peer, Digest(nonce));
            await peer.ReadHeadAsync();
        }

        await ServeAsync(peer);
        await request;
    }

    private sealed class Throwing : ICredentials
    {
        public NetworkCredential GetCredential(Uri uri, string authType) => throw new ArithmeticException("secret");
    }

    private sealed class Blocking : ICredentials
    {
        public bool Blocks { get; set; }

        public ManualResetEventSlim Go { get; } = new();

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public NetworkCredential GetCredential(Uri uri, string authType)
        {
            if (Blocks)
            {
                Asked.TrySetResult();
                Go.Wait();
            }

            return new NetworkCredential(ProxyRig.User, ProxyRig.Password);
        }
    }
}
