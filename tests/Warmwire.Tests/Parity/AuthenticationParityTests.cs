using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Challenges, and what is answered to them.</summary>
public sealed partial class AuthenticationParityTests
{
    private static readonly NetworkCredential s_credential = new("u", "p");

    [Theory]
    [InlineData("Basic realm=\"a\"")]
    [InlineData("BASIC realm=a")]
    [InlineData("Basic")]
    [InlineData("Bearer error=\"x, y\", Basic realm=\"a\"")]
    [InlineData("Basic realm=\"a\", Bearer")]
    [InlineData("Bearer")]
    [InlineData("Unknown abc==")]
    [InlineData("")]
    public Task A_challenge_is_answered_as_in_NET(string challenge) =>
        ParityRun.AssertSameAsync(
            request => Answer(request, challenge),
            async run =>
            {
                await run.SendAsync("GET", "/dir/1?x=1");
                await run.SendAsync("POST", "/dir/2", new StringContent("hello"));
                await run.SendAsync("HEAD", "/dir/3");
                run.Log("connections", run.Server.Connections);
            },
            new { Credentials = (ICredentials)s_credential });

    [Theory]
    [InlineData("user", "pass", "")]
    [InlineData("user", "pass", "domain")]
    [InlineData("us\u00e4r", "p\u00e4ss\u20ac", "")]
    [InlineData("user:name", "pass:word", "")]
    [InlineData("", "", "")]
    public Task Names_and_passwords_are_written_as_in_NET(string name, string password, string domain) =>
        ParityRun.AssertSameAsync(
            static request => Answer(request, "Basic realm=a"),
            static run => run.SendAsync("GET"),
            new { Credentials = (ICredentials)new NetworkCredential(name, password, domain) });

    [Fact]
    public Task A_wrong_password_is_tried_once() =>
        ParityRun.AssertSameAsync(
            static _ => Reply.With("401 No", "no", "WWW-Authenticate: Basic realm=a"),
            static run => run.SendAsync("GET"),
            new { Credentials = (ICredentials)s_credential });

    [Fact]
    public Task Unasked_credentials_go_to_the_same_paths() =>
        ParityRun.AssertSameAsync(
            static request => Answer(request, "Basic realm=a"),
            static async run =>
            {
                foreach (string path in new[] { "/dir/1", "/dir/2", "/dir/sub/3", "/dir/", "/dir", "/4", "/dir/5" })
                {
                    await run.SendAsync("GET", path);
                }
            },
            new { Credentials = (ICredentials)s_credential, PreAuthenticate = true });

    [Fact]
    public Task Unasked_credentials_that_are_refused_are_the_end() =>
        ParityRun.AssertSameAsync(
            static request => request.Contains("/late", StringComparison.Ordinal)
                ? Reply.With("401 No", "no", "WWW-Authenticate: Basic realm=a")
                : Answer(request, "Basic realm=a"),
            static async run =>
            {
                await run.SendAsync("GET", "/1");
                await run.SendAsync("GET", "/late");
            },
            new { Credentials = (ICredentials)s_credential, PreAuthenticate = true });

    [Fact]
    public Task A_header_of_the_callers_goes_first_and_is_replaced_where_it_is_refused() =>
        ParityRun.AssertSameAsync(
            static request => Answer(request, "Basic realm=a"),
            static run => run.SendAsync(RequestParityTests.With(
                run.Request("GET"), static headers => headers.TryAddWithoutValidation("Authorization", "Bearer x"))),
            new { Credentials = (ICredentials)s_credential });

    [Theory]
    [InlineData("Basic", "Digest realm=a, nonce=n, Basic realm=a")]
    [InlineData("Digest", "Basic realm=a")]
    [InlineData("Negotiate", "Basic realm=a")]
    public Task A_scheme_without_a_credential_is_left_out(string scheme, string challenge) =>
        ParityRun.AssertSameAsync(
            request => Answer(request, challenge),
            static run => run.SendAsync("GET"),
            new { Credentials = (ICredentials)new ForScheme(scheme) });

    [Fact]
    public Task A_challenge_of_a_proxy_that_is_none_is_the_response() =>
        ParityRun.AssertSameAsync(
            static _ => Reply.With("407 No", "no", "Proxy-Authenticate: Basic realm=a"),
            static run => run.SendAsync("GET"),
            new { Credentials = (ICredentials)s_credential });

    [Fact]
    public Task The_signed_in_user_has_no_password_for_Basic_and_Digest() =>
        ParityRun.AssertSameAsync(
            static request => Reply.With("401 No", "no", "WWW-Authenticate: Digest realm=a, nonce=n", "WWW-Authenticate: Basic realm=a"),
            static run => run.SendAsync("GET"),
            new { Credentials = CredentialCache.DefaultCredentials });

    [Theory]
    [InlineData("Digest realm=\"a\", nonce=\"n\"")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\"")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=MD5, opaque=\"o\"")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\", algorithm=MD5-sess")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\", algorithm=SHA-512-256")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256-sess, userhash=true")]
    [InlineData("Basic realm=\"a\", Digest realm=\"a\", nonce=\"n\", qop=\"auth\"")]
    public async Task Digest_says_what_it_says_in_NET(string challenge)
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            request => Answer(request, challenge),
            static async run =>
            {
                await run.SendAsync("GET", "/dir/index.html?q=1");
                await run.SendAsync("POST", "/", new StringContent("hello"));
            },
            new { Credentials = (ICredentials)s_credential });
        Assert.Equal(Statuses(reference), Statuses(ours));
        Assert.Equal(Fields(reference), Fields(ours));

        // Each is checked with the nonce it chose: a server takes both.
        string[] Fields(string log) =>
        [
            .. DigestFields().Matches(log).SelectMany(static match => match.Value["Authorization: Digest ".Length..].Trim().Split(", "))
                .Where(static field => !field.StartsWith("cnonce", StringComparison.Ordinal)
                    && !field.StartsWith("response", StringComparison.Ordinal))
                .Select(static field => field.Replace("\"", "", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>With NTLM of .NET's own, which both handlers use: the messages go back and forth, and the end is the same.</summary>
    [Theory]
    [InlineData("NTLM", true)]
    [InlineData("NTLM", false)]
    [InlineData("Negotiate", false)]
    public async Task NTLM_ends_as_in_NET(string scheme, bool accepts)
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            request => Ntlm(request, scheme, accepts),
            static async run =>
            {
                run.RecordsRequests = false;
                await run.SendAsync("GET", "/1");
                await run.SendAsync("POST", "/2", new StringContent("hello"));
                run.Log("messages", run.Server.Requests.Count(static request =>
                    request.Contains("TlRMTVNTUAAD", StringComparison.Ordinal)));
            },
            new { Credentials = (ICredentials)new NetworkCredential("u", "p", "D") });
        Assert.Equal(reference, ours);
        Assert.Contains(accepts ? "200" : "401", ours, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_cannot_be_produced_again_fails_in_NET_and_is_a_refusal_here()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            static request => Answer(request, "Basic realm=a"),
            static run => run.SendAsync("POST", "/", new StreamContent(new Exchange.OneWayStream("hello"u8.ToArray()))),
            new { Credentials = (ICredentials)s_credential });
        Assert.StartsWith("failed: HttpRequestException", reference, StringComparison.Ordinal);
        Assert.StartsWith("401 ", ours, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_redirect_within_its_origin_credentials_are_used_here_and_not_in_NET()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            static request => request.Contains("/first", StringComparison.Ordinal)
                ? Reply.With("302 Found", "", "Location: /second")
                : Answer(request, "Basic realm=a"),
            static run => run.SendAsync("GET", "/first"),
            new { Credentials = (ICredentials)s_credential });
        Assert.StartsWith("401 ", reference, StringComparison.Ordinal);
        Assert.StartsWith("200 ", ours, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_redirect_to_another_origin_neither_sends_credentials()
    {
        await using var other = new ParityServer(static request => Answer(request, "Basic realm=a"));
        await ParityRun.AssertSameAsync(
            request => Reply.With("302 Found", "", $"Location: {other.Uri}"),
            static async run =>
            {
                run.RecordsRequests = false;
                await run.SendAsync("GET");
            },
            new { Credentials = (ICredentials)s_credential });
        Assert.Equal(2, other.Requests.Count);
        Assert.All(other.Requests, static request => Assert.DoesNotContain("Authorization", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unasked_header_of_the_callers_stays_here_and_is_replaced_in_NET()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            static request => request.Contains("Bearer x", StringComparison.Ordinal) ? Reply.Ok() : Answer(request, "Basic realm=a"),
            static async run =>
            {
                await run.SendAsync("GET");
                await run.SendAsync(RequestParityTests.With(
                    run.Request("GET"), static headers => headers.TryAddWithoutValidation("Authorization", "Bearer x")));
            },
            new { Credentials = (ICredentials)s_credential, PreAuthenticate = true });
        Assert.DoesNotContain("Bearer x", reference, StringComparison.Ordinal);
        Assert.Contains("Bearer x", ours, StringComparison.Ordinal);
    }

    /// <summary>It counts up on one nonce; .NET asks for a new one each time.</summary>
    [Fact]
    public async Task Digest_is_sent_unasked_here_and_asked_for_in_NET()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            static request => Answer(request, "Digest realm=\"a\", nonce=\"n\", qop=\"auth\""),
            static async run =>
            {
                await run.SendAsync("GET");
                await run.SendAsync("GET");
            },
            new { Credentials = (ICredentials)s_credential, PreAuthenticate = true });
        Assert.Equal(4, Count(reference));
        Assert.Equal(3, Count(ours));
        Assert.Contains("nc=00000002", ours, StringComparison.Ordinal);

        static int Count(string log) => log.Split("server saw").Length - 1;
    }

    private static Reply Answer(string request, string challenge) =>
        request.Contains("Authorization: Basic ", StringComparison.OrdinalIgnoreCase)
        || request.Contains("Authorization: Digest ", StringComparison.OrdinalIgnoreCase)
            ? Reply.Ok(request.StartsWith("HEAD", StringComparison.Ordinal) ? "" : "yes")
            : Reply.With(
                "401 Unauthorized",
                request.StartsWith("HEAD", StringComparison.Ordinal) ? "" : "no",
                challenge.Length == 0 ? [] : ["WWW-Authenticate: " + challenge]);

    private static Reply Ntlm(string request, string scheme, bool accepts)
    {
        // A second message of NTLM: a challenge of eight bytes, and what a server calls itself.
        const string Second = "TlRMTVNTUAACAAAADAAMADgAAAA1goniASNFZ4mrze8AAAAAAAAAACQAJABEAAAABgBwFwAAAA9TAGUAcgB2AGUAcgACAAwARABvAG0A"
            + "YQBpAG4AAQAMAFMAZQByAHYAZQByAAAAAAA=";
        return request.Contains("TlRMTVNTUAAD", StringComparison.Ordinal) && accepts ? Reply.Ok("yes")
            : request.Contains("TlRMTVNTUAAB", StringComparison.Ordinal)
                ? Reply.With("401 Unauthorized", "go on", $"WWW-Authenticate: {scheme} {Second}")
            : Reply.With("401 Unauthorized", "no", "WWW-Authenticate: " + scheme);
    }

    private static string[] Statuses(string log) =>
        [.. log.Split('\n').Where(static line => line.StartsWith("200 ", StringComparison.Ordinal)
            || line.StartsWith("401 ", StringComparison.Ordinal))];

    [GeneratedRegex("Authorization: Digest [^\r\n]*")]
    private static partial Regex DigestFields();

    private sealed class ForScheme(string scheme) : ICredentials
    {
        public NetworkCredential? GetCredential(Uri uri, string authType) =>
            authType.Equals(scheme, StringComparison.OrdinalIgnoreCase) ? s_credential : null;
    }
}
