using System.Net;
using System.Security.Cryptography;
using System.Text;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Pooling;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Exchange;

/// <summary>Basic and Digest, over scripted peers.</summary>
public sealed class ServerAuthenticationTests
{
    private const string Basic = "Basic dTpw"; // u:p
    private static readonly NetworkCredential s_credential = new("u", "p");

    [Fact]
    public async Task A_challenge_is_answered_on_the_connection_it_came_on()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest first = await peer.AnswerAsync(401, "no", "WWW-Authenticate: Basic realm=\"a\"");
        Assert.DoesNotContain("Authorization", first.Headers.Keys);
        ReceivedRequest second = await peer.AnswerAsync(200, "yes");
        Assert.Equal(Basic, second.Headers["Authorization"]);
        await IsOk(rig, response, "yes");
        Assert.Equal(1, rig.Network.DialCount);
        Assert.Equal(0, rig.Snapshot.Origins.Sum(static origin => origin.LeakedResponses));
    }

    /// <summary>The body is read to its end, and only then the answer is sent.</summary>
    [Fact]
    public async Task The_body_of_a_challenge_is_drained()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=a\r\nContent-Length: 100000\r\n\r\n");
        await peer.SendAsync(new string('x', 99_999));
        await peer.ExpectNoBytesAsync();
        await peer.SendAsync("x");
        await peer.AnswerAsync(200, "yes");
        await IsOk(rig, response, "yes");
        Assert.Equal(1, rig.Network.DialCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_challenge_whose_body_is_too_large_or_too_slow_costs_its_connection(bool tooLarge)
    {
        using var rig = new PoolRig(handler =>
        {
            handler.Credentials = s_credential;
            handler.MaxResponseDrainSize = 10_000;
        });
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(
            $"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=a\r\nContent-Length: {(tooLarge ? 10_001 : 9_999)}\r\n\r\nno");
        if (!tooLarge)
        {
            // Its time is asked for once the head is here.
            await rig.Until(static pool => pool.Origins.Single().Connections.Single().State == "Body");
            await Eventually.IsTrue(() => rig.Time.NextDue <= Seconds(2), "the time of the drain");
            rig.Time.Advance(Seconds(2));
        }

        ScriptedPeer other = await rig.Network.AcceptAsync();
        Assert.Equal(Basic, (await other.AnswerAsync(200, "yes")).Headers["Authorization"]);
        await IsOk(rig, response, "yes");
    }

    [Fact]
    public async Task A_wrong_password_is_sent_once_and_the_refusal_is_the_response()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "first", "WWW-Authenticate: Basic realm=a");
        await peer.AnswerAsync(401, "second", "WWW-Authenticate: Basic realm=a");
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("second", await refused.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("WWW-Authenticate: Bearer")]
    [InlineData("WWW-Authenticate: Digest realm=a, nonce=n, algorithm=SHA-512-256")]
    public async Task What_cannot_be_answered_is_the_response(string challenge)
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "no", challenge.Length == 0 ? [] : [challenge]);
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal("no", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Unasked_credentials_go_where_they_were_accepted_and_no_further()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.Credentials = s_credential;
            handler.PreAuthenticate = true;
        });
        ScriptedPeer peer = await AcceptedAsync(rig, "http://a.test/dir/one?x=1", "Basic realm=a");
        foreach ((string path, bool sends) in new[]
            {
                ("dir/two", true), ("dir/sub/three", true), ("dir/", true), ("dir", false), ("four", false), ("director/", false),
            })
        {
            Task<HttpResponseMessage> response = rig.Get("http://a.test/" + path);
            ReceivedRequest seen = await peer.AnswerAsync();
            (await rig.Done(response)).Dispose();
            Assert.Equal(sends ? Basic : null, seen.Headers.GetValueOrDefault("Authorization"));
        }

        // Another port is another origin, and so is another scheme.
        Task<HttpResponseMessage> elsewhere = rig.Get("http://a.test:81/dir/two");
        ReceivedRequest there = await (await rig.Network.AcceptAsync()).AnswerAsync();
        (await rig.Done(elsewhere)).Dispose();
        Assert.DoesNotContain("Authorization", there.Headers.Keys);
    }

    [Fact]
    public async Task Without_PreAuthenticate_each_request_is_asked()
    {
        using var rig = new PoolRig(With(s_credential));
        ScriptedPeer peer = await AcceptedAsync(rig, A, "Basic realm=a");
        Task<HttpResponseMessage> response = rig.Get();
        Assert.DoesNotContain("Authorization", (await peer.AnswerAsync()).Headers.Keys);
        (await rig.Done(response)).Dispose();
    }

    [Fact]
    public async Task A_program_that_has_no_credential_any_more_sends_none()
    {
        var credentials = new Switched();
        using var rig = new PoolRig(handler =>
        {
            handler.Credentials = credentials;
            handler.PreAuthenticate = true;
        });
        ScriptedPeer peer = await AcceptedAsync(rig, A, "Basic realm=a");
        credentials.Off = true;
        Task<HttpResponseMessage> response = rig.Get();
        Assert.DoesNotContain("Authorization", (await peer.AnswerAsync()).Headers.Keys);
        (await rig.Done(response)).Dispose();
    }

    [Fact]
    public async Task Digest_counts_its_requests_and_follows_the_next_nonce()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.Credentials = s_credential;
            handler.PreAuthenticate = true;
        });
        ScriptedPeer peer = await AcceptedAsync(rig, "http://a.test/dir/one", "Digest realm=a, nonce=n1, qop=auth");
        Assert.Equal("n1 00000002 /other?q=1", await Next("http://a.test/other?q=1"));
        Assert.Equal("n1 00000003 /", await Next(A, "Authentication-Info: nextnonce=\"n2\""));
        Assert.Equal("n2 00000001 /", await Next(A));
        Assert.Equal("n2 00000002 /", await Next(A));

        async Task<string> Next(string uri, params string[] headers)
        {
            Task<HttpResponseMessage> response = rig.Get(uri);
            ReceivedRequest seen = await peer.AnswerAsync(200, "", headers);
            (await rig.Done(response)).Dispose();
            var answer = Warmwire.Authentication.ChallengeParser.Parse(seen.Headers["Authorization"])[0];
            return $"{answer["nonce"]} {answer["nc"]} {answer["uri"]}";
        }
    }

    [Fact]
    public async Task A_stale_nonce_is_replaced_and_a_refusal_is_not()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Digest realm=a, nonce=n1, qop=auth");
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Digest realm=a, nonce=n2, qop=auth, stale=TRUE");
        ReceivedRequest third = await peer.AnswerAsync(401, "no", "WWW-Authenticate: Digest realm=a, nonce=n3, qop=auth");
        Assert.Contains("nonce=\"n2\"", third.Headers["Authorization"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Done(response)).StatusCode);
    }

    [Fact]
    public async Task A_weaker_scheme_is_not_tried_behind_a_stronger()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Digest realm=a, nonce=n1, qop=auth");
        await peer.AnswerAsync(401, "no", "WWW-Authenticate: Basic realm=a");
        Assert.Equal("no", await (await rig.Done(response)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_method_is_hashed_as_it_is_sent()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Send(Request(new HttpMethod("get")));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Digest realm=r, nonce=n");
        ReceivedRequest second = await peer.AnswerAsync();
        (await rig.Done(response)).Dispose();
        Assert.Contains(
            Md5($"{Md5("u:r:p")}:n:{Md5($"{second.Method}:/")}"), second.Headers["Authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_always_says_stale_is_answered_eight_times()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        for (int i = 0; i <= 8; i++)
        {
            await peer.AnswerAsync(401, "", $"WWW-Authenticate: Digest realm=a, nonce=n{i}, stale=true");
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Done(response)).StatusCode);
    }

    [Fact]
    public async Task The_body_is_in_the_hash_of_auth_int_and_sent_again()
    {
        using var rig = new PoolRig(With(new NetworkCredential("Mufasa", "Circle of Life")));
        Task<HttpResponseMessage> response = rig.Send(Request(HttpMethod.Post, A, new StringContent("hello")));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Digest realm=r, nonce=n, qop=\"auth-int\"");
        ReceivedRequest second = await peer.AnswerAsync();
        (await rig.Done(response)).Dispose();
        Assert.Equal("hello", second.BodyText);
        var answer = Warmwire.Authentication.ChallengeParser.Parse(second.Headers["Authorization"])[0];
        string a1 = Md5("Mufasa:r:Circle of Life");
        Assert.Equal(Md5($"{a1}:n:00000001:{answer["cnonce"]}:auth-int:{Md5($"POST:/:{Md5("hello")}")}"), answer["response"]);
    }

    [Fact]
    public async Task A_body_that_cannot_be_produced_again_leaves_the_refusal_to_the_caller()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response =
            rig.Send(Request(HttpMethod.Post, A, new StreamContent(new OneWayStream("hello"u8.ToArray()))));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "no", "WWW-Authenticate: Basic realm=a");
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal("no", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_body_that_was_not_asked_for_is_sent_with_the_answer()
    {
        using var rig = new PoolRig(With(s_credential));
        HttpRequestMessage request = Request(HttpMethod.Post, A, new StreamContent(new OneWayStream("hello"u8.ToArray())));
        request.Headers.ExpectContinue = true;
        Task<HttpResponseMessage> response = rig.Send(request);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestHeadAsync();
        await peer.SendResponseAsync(401, "no", "WWW-Authenticate: Basic realm=a");
        ScriptedPeer other = await rig.Network.AcceptAsync();
        ReceivedRequest second = await other.ReadRequestHeadAsync();
        Assert.Equal(Basic, second.Headers["Authorization"]);
        await other.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await other.ReadBodyAsync(second);
        Assert.Equal("hello", second.BodyText);
        await other.SendResponseAsync(200, "yes");
        await IsOk(rig, response, "yes");
    }

    [Theory]
    [InlineData("http://a.test/next", false, true)]
    [InlineData("http://b.test/", false, false)]
    [InlineData("http://a.test:81/", false, false)]
    [InlineData("http://b.test/", true, true)]
    public async Task Behind_a_redirect_elsewhere_only_credentials_of_a_URI_are_used(string target, bool ofUri, bool answers)
    {
        var cache = new CredentialCache { { new Uri(A), "Basic", s_credential }, { new Uri(B), "Basic", s_credential } };
        using var rig = new PoolRig(With(ofUri ? cache : s_credential));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Basic realm=a");
        await peer.AnswerAsync(302, "", "Location: " + target);
        ScriptedPeer there = target.StartsWith(A, StringComparison.Ordinal) ? peer : await rig.Network.AcceptAsync();
        ReceivedRequest redirected = await there.AnswerAsync(401, "no", "WWW-Authenticate: Basic realm=a");
        Assert.DoesNotContain("Authorization", redirected.Headers.Keys);
        if (answers)
        {
            Assert.Equal(Basic, (await there.AnswerAsync()).Headers["Authorization"]);
        }

        using HttpResponseMessage last = await rig.Done(response);
        Assert.Equal(answers ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, last.StatusCode);
    }

    [Fact]
    public async Task A_header_of_the_callers_goes_first_and_is_replaced_where_it_is_refused()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.Credentials = s_credential;
            handler.PreAuthenticate = true;
        });
        ScriptedPeer peer = await AcceptedAsync(rig, A, "Basic realm=a");
        HttpRequestMessage request = Request(HttpMethod.Get);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer x");
        Task<HttpResponseMessage> response = rig.Send(request);
        Assert.Equal("Bearer x", (await peer.AnswerAsync(401, "", "WWW-Authenticate: Basic realm=a")).Headers["Authorization"]);
        Assert.Equal(Basic, Assert.Single((await peer.AnswerAsync()).HeaderLines, static line => line.Name == "Authorization").Value);
        (await rig.Done(response)).Dispose();

        // The request is the caller's own.
        Assert.Equal("Bearer x", request.Headers.NonValidated["Authorization"].ToString());
    }

    [Fact]
    public async Task The_programs_code_that_throws_fails_its_request_and_nothing_else()
    {
        using var rig = new PoolRig(With(new Throwing()));
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, new string('x', 20_000), "WWW-Authenticate: Basic realm=a");
        TransportException error = await rig.Fails(response);
        Assert.Equal("http://a.test:80", error.Origin);
        Assert.IsType<NotSupportedException>(error.InnerException);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
        await rig.Until(static pool => pool.Origins.Single().Idle == 1);
        Assert.Equal(0, rig.Snapshot.Origins.Sum(static origin => origin.LeakedResponses));
    }

    [Fact]
    public async Task A_cookie_of_the_challenge_is_sent_with_the_answer()
    {
        using var rig = new PoolRig(handler =>
        {
            handler.Credentials = s_credential;
            handler.UseCookies = true;
        });
        Task<HttpResponseMessage> response = rig.Get();
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Basic realm=a", "Set-Cookie: s=1");
        Assert.Equal("s=1", (await peer.AnswerAsync()).Headers["Cookie"]);
        (await rig.Done(response)).Dispose();
    }

    [Fact]
    public async Task A_user_in_the_URI_is_not_told()
    {
        using var rig = new PoolRig(With(new Throwing()));
        Task<HttpResponseMessage> response = rig.Get("http://me:hunter2@a.test/");
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: Basic realm=a");
        TransportException error = await rig.Fails(response);
        Assert.DoesNotContain("hunter2", error.Message + error.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_synchronous_request_is_answered_too()
    {
        using var rig = new PoolRig(With(s_credential));
        Task<HttpResponseMessage> response = Task.Run(() => rig.Invoker.Send(Request(HttpMethod.Get), default));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: Basic realm=a");
        Assert.Equal(Basic, (await peer.AnswerAsync(200, "yes")).Headers["Authorization"]);
        await IsOk(rig, response, "yes");
    }

    [Fact]
    public async Task The_total_time_holds_over_all_of_it()
    {
        using var rig = new PoolRig(With(s_credential));
        HttpRequestMessage request = Request(HttpMethod.Get);
        request.Options.Set(TransportOptions.Timeout, Seconds(5));
        Task<HttpResponseMessage> response = rig.Send(request);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        rig.Time.Advance(Seconds(3));
        await peer.SendResponseAsync(401, "", "WWW-Authenticate: Basic realm=a");
        await peer.ReadRequestAsync();
        rig.Time.Advance(Seconds(3));
        TransportException error = await rig.Fails(response);
        Assert.True(error.IsTimeout);
    }

    [Fact]
    public async Task A_caller_who_cancels_while_the_body_of_a_challenge_is_read_is_free_at_once()
    {
        using var rig = new PoolRig(With(s_credential));
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> response = rig.Get(A, cancel.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=a\r\nContent-Length: 9999\r\n\r\nno");
        await rig.Until(static pool => pool.Origins.Single().Connections.Single().State == "Body");
        await cancel.CancelAsync();
        Assert.Equal(cancel.Token, (await rig.IsCancelled(response)).CancellationToken);
    }

    private static Action<PooledHttpHandler> With(ICredentials credentials) => handler => handler.Credentials = credentials;

    /// <summary>A request that was challenged, and its answer accepted.</summary>
    private static async Task<ScriptedPeer> AcceptedAsync(PoolRig rig, string uri, string challenge)
    {
        Task<HttpResponseMessage> response = rig.Get(uri);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync(401, "", "WWW-Authenticate: " + challenge);
        Assert.Contains("Authorization", (await peer.AnswerAsync()).Headers.Keys);
        (await rig.Done(response)).Dispose();
        return peer;
    }

    private static async Task IsOk(PoolRig rig, Task<HttpResponseMessage> response, string body)
    {
        using HttpResponseMessage ok = await rig.Done(response);
        Assert.Equal(HttpStatusCode.OK, ok.StatusCode);
        Assert.Equal(body, await ok.Content.ReadAsStringAsync());
    }

    private static string Md5(string text) =>
        Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.MD5, Encoding.UTF8.GetBytes(text)));

    private sealed class Throwing : ICredentials
    {
        public NetworkCredential GetCredential(Uri uri, string authType) => throw new NotSupportedException("hunter2");
    }

    private sealed class Switched : ICredentials
    {
        public bool Off { get; set; }

        public NetworkCredential? GetCredential(Uri uri, string authType) => Off ? null : s_credential;
    }
}
