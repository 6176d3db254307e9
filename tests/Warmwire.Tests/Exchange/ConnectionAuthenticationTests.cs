using System.Net;
using Warmwire.Authentication;
using Warmwire.Tests.Authentication;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Pooling;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Exchange;

/// <summary>NTLM and Negotiate, over scripted peers and with scripted tokens: who is on which connection.</summary>
/// <remarks>Hosts are addresses: the name of a host would be looked up for Kerberos.</remarks>
public sealed class ConnectionAuthenticationTests
{
    private const string Host = "http://192.0.2.1/";
    private static readonly NetworkCredential s_credential = new("u", "p", "D");

    [Theory]
    [InlineData("NTLM")]
    [InlineData("Negotiate")]
    public async Task The_messages_go_on_one_connection_and_later_requests_go_out_on_it_as_they_are(string scheme)
    {
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations);
        Task<HttpResponseMessage> response = rig.Get(Host);
        ScriptedPeer open = await rig.Network.AcceptAsync();
        Assert.DoesNotContain("Authorization", (await open.AnswerAsync(401, "no", "WWW-Authenticate: " + scheme)).Headers.Keys);
        ScriptedPeer bound = await AuthenticateAsync(rig, scheme);
        await IsOk(rig, response);

        // The next request goes to the authenticated connection, not to the one that is open to all.
        response = rig.Get(Host + "next");
        Assert.DoesNotContain("Authorization", (await bound.AnswerAsync()).Headers.Keys);
        await IsOk(rig, response);
        Assert.Equal(2, rig.Network.DialCount);

        NegotiationOptions begun = Assert.Single(negotiations.Begun);
        Assert.Equal("HTTP/192.0.2.1", begun.TargetName);
        Assert.Equal(scheme, begun.Scheme.ToString(), ignoreCase: true);
        Assert.Null(begun.Binding);
        Assert.False(begun.IsProxy);
        Assert.Equal(0, negotiations.Open);
    }

    [Fact]
    public async Task An_authenticated_connection_serves_no_other_identity()
    {
        var cache = new CredentialCache
        {
            { new Uri(Host + "a/"), "NTLM", new NetworkCredential("a", "p") },
            { new Uri(Host + "b/"), "NTLM", new NetworkCredential("b", "p") },
        };
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations, handler => handler.Credentials = cache);
        Task<HttpResponseMessage> response = rig.Get(Host + "a/");
        ScriptedPeer open = await rig.Network.AcceptAsync();
        await open.AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        ScriptedPeer ofA = await AuthenticateAsync(rig, "NTLM");
        await IsOk(rig, response);

        // b has a credential and none of its connections: it gets one of its own, and its first message at once.
        response = rig.Get(Host + "b/");
        ScriptedPeer ofB = await AuthenticateAsync(rig, "NTLM");
        await IsOk(rig, response);

        // Elsewhere there is no credential: the connection that is open to all.
        response = rig.Get(Host + "c/");
        await open.AnswerAsync();
        await IsOk(rig, response);

        response = rig.Get(Host + "a/");
        await ofA.AnswerAsync();
        await IsOk(rig, response);
        response = rig.Get(Host + "b/");
        await ofB.AnswerAsync();
        await IsOk(rig, response);
        Assert.Equal(["a", "b"], negotiations.Begun.Select(static begun => begun.Credential.UserName));
        Assert.Equal(3, rig.Network.DialCount);
    }

    /// <summary>The same identity in another object is the same; another password is another.</summary>
    [Fact]
    public async Task An_identity_is_what_it_is_made_of()
    {
        var credentials = new Changing();
        using var rig = Rig(new ScriptedNegotiations(), handler => handler.Credentials = credentials);
        ScriptedPeer bound = await BoundAsync(rig);
        Task<HttpResponseMessage> response = rig.Get(Host);
        await bound.AnswerAsync();
        await IsOk(rig, response);

        credentials.Password = "other";
        response = rig.Get(Host);
        await AuthenticateAsync(rig, "NTLM");
        await IsOk(rig, response);
    }

    [Fact]
    public async Task No_other_request_comes_between_the_messages()
    {
        using var rig = Rig(new ScriptedNegotiations(), static handler => handler.MaxConnectionsPerServer = 1);
        ScriptedPeer bound = await BoundAsync(rig);
        Task<HttpResponseMessage> one = rig.Get(Host + "one");
        Assert.Equal("/one", (await bound.ReadRequestAsync()).Target);
        Task<HttpResponseMessage> two = rig.Get(Host + "two");
        await bound.SendResponseAsync(401, new string('x', 20_000), "WWW-Authenticate: NTLM");
        Assert.Equal("/one NTLM c1", Seen(await bound.AnswerAsync(401, "", "WWW-Authenticate: NTLM s1")));
        Assert.Equal("/one NTLM c2", Seen(await bound.AnswerAsync()));
        await IsOk(rig, one);
        Assert.Equal("/two ", Seen(await bound.AnswerAsync()));
        await IsOk(rig, two);
    }

    [Theory]
    [InlineData("WWW-Authenticate: NTLM")] // the password is wrong
    [InlineData("WWW-Authenticate: NTLM bad")] // what the server sends cannot be answered
    [InlineData("WWW-Authenticate: Basic realm=a")]
    [InlineData("X-Nothing: 1")]
    public async Task A_refusal_is_the_response_and_its_connection_is_kept(string challenge)
    {
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations);
        Task<HttpResponseMessage> response = rig.Get(Host);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        ScriptedPeer bound = await rig.Network.AcceptAsync();
        await bound.AnswerAsync(401, "", "WWW-Authenticate: NTLM s1");
        await bound.AnswerAsync(401, "refused", challenge);
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("refused", await refused.Content.ReadAsStringAsync());
        Assert.Equal(0, negotiations.Open);
        Assert.Equal(2, rig.Snapshot.Origins.Sum(static origin => origin.Idle));
    }

    [Fact]
    public async Task A_server_that_closes_after_its_challenge_has_refused()
    {
        using var rig = Rig(new ScriptedNegotiations());
        Task<HttpResponseMessage> response = rig.Get(Host);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: NTLM", "Connection: close");
        ScriptedPeer bound = await rig.Network.AcceptAsync();
        await bound.AnswerAsync(401, "no", "WWW-Authenticate: NTLM s1", "Connection: close");
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal("no", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Where_there_are_no_tokens_the_challenge_is_the_response()
    {
        using var rig = Rig(new NoNegotiations());
        Task<HttpResponseMessage> response = rig.Get(Host);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "as it came", "WWW-Authenticate: Negotiate");
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("as it came", await refused.Content.ReadAsStringAsync());
        Assert.Equal(2, rig.Snapshot.Origins.Sum(static origin => origin.Idle));
    }

    [Fact]
    public async Task A_connection_that_is_lost_between_the_messages_is_replaced_and_all_begins_anew()
    {
        var negotiations = new ScriptedNegotiations();
        using var rig = Rig(negotiations);
        Task<HttpResponseMessage> response = rig.Get(Host);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        ScriptedPeer lost = await rig.Network.AcceptAsync();
        await lost.AnswerAsync(401, "", "WWW-Authenticate: NTLM s1");
        await lost.ReadRequestAsync();
        lost.Close();
        await AuthenticateAsync(rig, "NTLM");
        await IsOk(rig, response);
        Assert.Equal(2, negotiations.Begun.Count);
        Assert.Equal(0, negotiations.Open);
    }

    [Fact]
    public async Task A_body_goes_out_whole_with_each_message_even_if_the_challenge_is_early()
    {
        using var rig = Rig(new ScriptedNegotiations(), transport: new MemoryTransportOptions { WriteCapacity = 50_000 });
        Task<HttpResponseMessage> response =
            rig.Send(Request(HttpMethod.Post, Host, new ByteArrayContent(new byte[200_000])));
        ScriptedPeer open = await rig.Network.AcceptAsync();
        await open.AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        ScriptedPeer bound = await rig.Network.AcceptAsync();
        ReceivedRequest first = await bound.ReadRequestHeadAsync();

        // The transport holds the rest of the body back until it is read, so the challenge comes before its end. A body that is not
        // wanted is waited for 250 ms long; this one is longer.
        await bound.SendResponseAsync(401, "", "WWW-Authenticate: NTLM s1");
        await Eventually.IsTrue(() => rig.Time.NextDue <= Seconds(15), "the answer waits for the end of the request");
        rig.Time.Advance(Seconds(1));
        await bound.ReadBodyAsync(first);
        Assert.Equal(200_000, first.Body.Length);
        ReceivedRequest second = await bound.AnswerAsync();
        Assert.Equal(200_000, second.Body.Length);
        Assert.Equal("NTLM c2", second.Headers["Authorization"]);
        await IsOk(rig, response);
    }

    /// <summary>Its connection is closed behind each message, so that there is nothing to authenticate.</summary>
    [Fact]
    public async Task A_request_that_closes_its_connection_is_not_authenticated_by_it()
    {
        using var rig = Rig(new ScriptedNegotiations());
        HttpRequestMessage request = Request(HttpMethod.Get, Host);
        request.Headers.ConnectionClose = true;
        Task<HttpResponseMessage> response = rig.Send(request);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "no", "WWW-Authenticate: NTLM");
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal("no", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_caller_who_cancels_while_a_domain_controller_is_asked_is_free_at_once()
    {
        var controller = new TaskCompletionSource();
        var negotiations = new ScriptedNegotiations { DomainController = controller.Task };
        using var rig = Rig(negotiations);
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> response = rig.Get(Host, cancel.Token);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        await rig.Done(negotiations.Asked.Task);
        await cancel.CancelAsync();
        Assert.Equal(cancel.Token, (await rig.IsCancelled(response)).CancellationToken);
        Assert.Equal(1, negotiations.Open);

        // Its connection was not used and is kept; what was negotiated ends when the system lets go of it.
        await rig.Until(static pool => pool.Origins.Sum(static origin => origin.Idle) == 2);
        controller.SetResult();
        await Eventually.IsTrue(() => negotiations.Open == 0, "the negotiation is disposed");
    }

    [Fact]
    public async Task The_total_time_ends_the_wait_for_a_domain_controller()
    {
        var controller = new TaskCompletionSource();
        var negotiations = new ScriptedNegotiations { DomainController = controller.Task };
        using var rig = Rig(negotiations);
        HttpRequestMessage request = Request(HttpMethod.Get, Host);
        request.Options.Set(TransportOptions.Timeout, Seconds(5));
        Task<HttpResponseMessage> response = rig.Send(request);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        await rig.Done(negotiations.Asked.Task);
        rig.Time.Advance(Seconds(6));
        TransportException error = await rig.Fails(response);
        Assert.True(error.IsTimeout);
        Assert.Contains("TransportOptions.Timeout", error.Message, StringComparison.Ordinal);
        controller.SetResult();
    }

    [Fact]
    public async Task A_domain_controller_that_never_answers_leaves_the_challenge_to_the_caller()
    {
        var controller = new TaskCompletionSource();
        var negotiations = new ScriptedNegotiations { DomainController = controller.Task };
        using var rig = Rig(negotiations);
        Task<HttpResponseMessage> response = rig.Get(Host);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "as it came", "WWW-Authenticate: NTLM");
        await rig.Done(negotiations.Asked.Task);
        rig.Time.Advance(Seconds(59));
        Assert.False(response.IsCompleted);
        rig.Time.Advance(Seconds(1));
        using HttpResponseMessage refused = await rig.Done(response);
        Assert.Equal("as it came", await refused.Content.ReadAsStringAsync());
        controller.SetResult();
    }

    [Fact]
    public async Task Disposal_fails_a_request_between_its_messages()
    {
        var controller = new TaskCompletionSource();
        var negotiations = new ScriptedNegotiations { DomainController = controller.Task };
        using var rig = Rig(negotiations);
        Task<HttpResponseMessage> response = rig.Get(Host);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        await rig.Done(negotiations.Asked.Task);
        rig.Handler.Dispose();
        controller.SetResult();
        await rig.Fails(response);
    }

    [Fact]
    public async Task A_server_that_asks_for_something_else_by_now_gets_that()
    {
        using var rig = Rig(new ScriptedNegotiations());
        await BoundAsync(rig);
        rig.Handler.CloseIdleConnections();
        Task<HttpResponseMessage> response = rig.Get(Host);
        ScriptedPeer other = await rig.Network.AcceptAsync();
        Assert.Equal("NTLM c1", (await other.AnswerAsync(401, "", "WWW-Authenticate: Basic realm=a")).Headers["Authorization"]);
        ScriptedPeer open = await rig.Network.AcceptAsync();
        Assert.StartsWith("Basic ", (await open.AnswerAsync()).Headers["Authorization"], StringComparison.Ordinal);
        await IsOk(rig, response);
    }

    private static PoolRig Rig(
        INegotiationFactory negotiations, Action<PooledHttpHandler>? configure = null, MemoryTransportOptions? transport = null) =>
        new(
            handler =>
            {
                handler.Credentials = s_credential;
                handler.Negotiations = negotiations;
                configure?.Invoke(handler);
            },
            transport);

    private static string Seen(ReceivedRequest request) => $"{request.Target} {request.Headers.GetValueOrDefault("Authorization")}";

    /// <summary>A new connection that is authenticated, and the answer to its request.</summary>
    private static async Task<ScriptedPeer> AuthenticateAsync(PoolRig rig, string scheme)
    {
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        Assert.Equal(scheme + " c1", (await peer.AnswerAsync(401, "", $"WWW-Authenticate: {scheme} s1")).Headers["Authorization"]);
        Assert.Equal(scheme + " c2", (await peer.AnswerAsync()).Headers["Authorization"]);
        return peer;
    }

    /// <summary>The connection that a first request was authenticated on.</summary>
    private static async Task<ScriptedPeer> BoundAsync(PoolRig rig)
    {
        Task<HttpResponseMessage> response = rig.Get(Host);
        await (await rig.Network.AcceptAsync()).AnswerAsync(401, "", "WWW-Authenticate: NTLM");
        ScriptedPeer bound = await AuthenticateAsync(rig, "NTLM");
        await IsOk(rig, response);
        return bound;
    }

    private static async Task IsOk(PoolRig rig, Task<HttpResponseMessage> response)
    {
        using HttpResponseMessage ok = await rig.Done(response);
        Assert.Equal(HttpStatusCode.OK, ok.StatusCode);
    }

    private sealed class Changing : ICredentials
    {
        public string Password { get; set; } = "p";

        public NetworkCredential? GetCredential(Uri uri, string authType) =>
            authType == "NTLM" ? new NetworkCredential("u", Password) : null;
    }

    /// <summary>A machine without the library.</summary>
    private sealed class NoNegotiations : INegotiationFactory
    {
        public INegotiation Begin(in NegotiationOptions options) => throw new PlatformNotSupportedException();
    }
}
