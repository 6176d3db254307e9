using System.Net;
using System.Text.RegularExpressions;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// Challenges of a proxy, and what is answered to them: the server of the run is the proxy, which refuses and answers itself.
/// </summary>
public sealed partial class ProxyAuthenticationParityTests
{
    private static readonly NetworkCredential s_credential = new("u", "p");

    [Theory]
    [InlineData("Basic realm=\"a\"")]
    [InlineData("Basic")]
    [InlineData("Bearer error=\"x, y\", Basic realm=\"a\"")]
    [InlineData("Bearer")]
    [InlineData("Unknown abc==")]
    [InlineData("")]
    public Task A_challenge_is_answered_as_in_NET(string challenge) =>
        PlaySameAsync(
            request => Answer(request, challenge),
            static async run =>
            {
                await run.SendAsync(Through("POST", "http://server.test/dir?x=1", new StringContent("hello")));
                run.Log("connections", run.Server.Connections);
            });

    [Theory]
    [InlineData("user", "pass", "domain")]
    [InlineData("us\u00e4r", "p\u00e4ss\u20ac", "")]
    [InlineData("", "", "")]
    public Task Names_and_passwords_are_written_as_in_NET(string name, string password, string domain) =>
        PlaySameAsync(
            static request => Answer(request, "Basic realm=a"),
            static run => run.SendAsync(Through("GET", "http://server.test/")),
            new NetworkCredential(name, password, domain));

    [Theory]
    [InlineData("Basic realm=a")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\"")]
    public async Task A_wrong_password_is_tried_once(string challenge)
    {
        (string reference, string ours) = await PlayBothAsync(
            _ => Reply.With("407 No", "no", "Proxy-Authenticate: " + challenge),
            static async run =>
            {
                run.RecordsRequests = false;
                await run.SendAsync(Through("GET", "http://server.test/"));
                run.Log("asked", run.Server.Requests.Count);
                await run.SendAsync(Through("GET", "https://server.test/"));
                run.Log("asked", run.Server.Requests.Count);
            });
        Assert.Equal(reference, ours);
        Assert.Contains("asked: 4", ours, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_field_of_the_callers_goes_first_and_is_replaced_where_it_is_refused() =>
        PlaySameAsync(
            static request => Answer(request, "Basic realm=a"),
            static run => run.SendAsync(RequestParityTests.With(
                Through("GET", "http://server.test/"),
                static headers => headers.TryAddWithoutValidation("Proxy-Authorization", "Bearer x"))));

    /// <summary>It says nothing to .NET, neither in a request nor in an answer.</summary>
    [Fact]
    public Task Proxy_Connection_is_passed_on_and_closes_nothing() =>
        PlaySameAsync(
            static request => request.Contains("Authorization: Basic ", StringComparison.Ordinal)
                ? Reply.With("200 OK", "yes", "Proxy-Connection: close")
                : Reply.With("407 No", "no", "Proxy-Authenticate: Basic realm=a", "Proxy-Connection: close"),
            static async run =>
            {
                await run.SendAsync(RequestParityTests.With(
                    Through("GET", "http://server.test/"),
                    static headers => headers.TryAddWithoutValidation("Proxy-Connection", "Keep-Alive")));
                run.Log("connections", run.Server.Connections);
            });

    [Fact]
    public Task The_signed_in_user_has_no_password_for_Basic_and_Digest() =>
        PlaySameAsync(
            static _ => Reply.With("407 No", "no", "Proxy-Authenticate: Digest realm=a, nonce=n", "Proxy-Authenticate: Basic realm=a"),
            static run => run.SendAsync(Through("GET", "http://server.test/")),
            CredentialCache.DefaultCredentials);

    /// <summary>The proxy's own credentials come before those of the handler.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Credentials_are_looked_for_in_the_order_of_NET(bool hasOwn)
    {
        (string reference, string ours) = await PlayBothAsync(
            static request => Answer(request, "Basic realm=a"),
            static run => run.SendAsync(Through("GET", "http://server.test/")),
            hasOwn ? s_credential : null,
            new NetworkCredential("default", "word"));
        Assert.Equal(reference, ours);
        Assert.Contains(hasOwn ? "Basic dTpw" : "Basic ZGVmYXVsdDp3b3Jk", ours, StringComparison.Ordinal);
    }

    /// <summary>
    /// The target of .NET's is the path, and for CONNECT a slash; RFC 7616 §3.4 wants what the request line has, which is all that differs.
    /// </summary>
    [Theory]
    [InlineData("Digest realm=\"a\", nonce=\"n\"")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=MD5, opaque=\"o\"")]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256-sess, userhash=true")]
    [InlineData("Basic realm=\"a\", Digest realm=\"a\", nonce=\"n\", qop=\"auth\"")]
    public async Task Digest_says_what_it_says_in_NET_over_the_target_of_the_request(string challenge)
    {
        (string reference, string ours) = await PlayBothAsync(
            request => Answer(request, challenge),
            static async run =>
            {
                await run.SendAsync(Through("POST", "http://server.test/dir?q=1", new StringContent("hello")));
                await run.SendAsync(Through("GET", "https://server.test/"));
            });
        string[] fields = Fields(reference);
        Assert.Equal(
            [fields[0].Replace("uri=/dir?q=1", "uri=http://server.test/dir?q=1", StringComparison.Ordinal)], Fields(ours).Take(1));
        Assert.Contains("uri=http://server.test/dir?q=1", Fields(ours)[0], StringComparison.Ordinal);
        Assert.Contains("uri=server.test:443", Fields(ours)[1], StringComparison.Ordinal);

        static string[] Fields(string log) =>
        [
            .. DigestFields().Matches(log).Select(static match => string.Join(", ", match.Value["Proxy-Authorization: Digest ".Length..]
                .Trim().Split(", ")
                .Where(static field => !field.StartsWith("cnonce", StringComparison.Ordinal)
                    && !field.StartsWith("response", StringComparison.Ordinal))
                .Select(static field => field.Replace("\"", "", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal))),
        ];
    }

    /// <summary>With NTLM of .NET's own, which both handlers use: the messages go back and forth, and the end is the same.</summary>
    [Theory]
    [InlineData("NTLM", true, "http")]
    [InlineData("NTLM", false, "http")]
    [InlineData("Negotiate", false, "http")]
    [InlineData("NTLM", true, "https")]
    [InlineData("NTLM", false, "https")]
    [InlineData("Negotiate", false, "https")]
    public async Task NTLM_ends_as_in_NET(string scheme, bool accepts, string to)
    {
        (string reference, string ours) = await PlayBothAsync(
            request => Ntlm(request, scheme, accepts),
            async run =>
            {
                run.RecordsRequests = false;
                await run.SendAsync(Through("POST", $"{to}://server.test/1", new StringContent("hello")));
                run.Log("messages", run.Server.Requests.Count(static request =>
                    request.Contains("TlRMTVNTUAAD", StringComparison.Ordinal)));
            },
            new NetworkCredential("u", "p", "D"));
        Assert.Equal(reference, ours);
        string end = to == "http" ? (accepts ? "200" : "407") : accepts ? "BadGateway" : "ProxyAuthenticationRequired";
        Assert.Contains(end, ours, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_cannot_be_produced_again_fails_in_NET_and_is_a_refusal_here()
    {
        (string reference, string ours) = await PlayBothAsync(
            static request => Answer(request, "Basic realm=a"),
            static run => run.SendAsync(
                Through("POST", "http://server.test/", new StreamContent(new Exchange.OneWayStream("hello"u8.ToArray())))));
        Assert.StartsWith("failed: HttpRequestException", reference, StringComparison.Ordinal);
        Assert.StartsWith("407 ", ours, StringComparison.Ordinal);
    }

    private static HttpRequestMessage Through(string method, string uri, HttpContent? content = null) =>
        new(new HttpMethod(method), uri) { Content = content };

    private static async Task PlaySameAsync(
        Func<string, Reply> answer, Func<ParityRun, Task> scenario, ICredentials? credentials = null)
    {
        (string reference, string ours) = await PlayBothAsync(answer, scenario, credentials ?? s_credential);
        Assert.Equal(reference, ours);
    }

    private static Task<(string Reference, string Ours)> PlayBothAsync(
        Func<string, Reply> answer, Func<ParityRun, Task> scenario, ICredentials? credentials, ICredentials? fallback)
    {
        var proxy = new RunsServer { Credentials = credentials };
        return ParityRun.PlayBothAsync(
            answer,
            run =>
            {
                proxy.Address = run.Uri;
                return scenario(run);
            },
            new { UseProxy = true, Proxy = (IWebProxy)proxy, DefaultProxyCredentials = fallback });
    }

    private static Task<(string Reference, string Ours)> PlayBothAsync(
        Func<string, Reply> answer, Func<ParityRun, Task> scenario, ICredentials? credentials = null) =>
        PlayBothAsync(answer, scenario, credentials ?? s_credential, fallback: null);

    private static Reply Answer(string request, string challenge) =>
        request.Contains("Authorization: Basic ", StringComparison.OrdinalIgnoreCase)
        || request.Contains("Authorization: Digest ", StringComparison.OrdinalIgnoreCase)
            ? request.StartsWith("CONNECT", StringComparison.Ordinal) ? Reply.With("502 No route", "none") : Reply.Ok("yes")
            : Reply.With("407 No", "no", challenge.Length == 0 ? [] : ["Proxy-Authenticate: " + challenge]);

    private static Reply Ntlm(string request, string scheme, bool accepts)
    {
        // A second message of NTLM: a challenge of eight bytes, and what a server calls itself.
        const string Second = "TlRMTVNTUAACAAAADAAMADgAAAA1goniASNFZ4mrze8AAAAAAAAAACQAJABEAAAABgBwFwAAAA9TAGUAcgB2AGUAcgACAAwARABvAG0A"
            + "YQBpAG4AAQAMAFMAZQByAHYAZQByAAAAAAA=";
        return request.Contains("TlRMTVNTUAAD", StringComparison.Ordinal) && accepts
                ? request.StartsWith("CONNECT", StringComparison.Ordinal) ? Reply.With("502 No route", "none") : Reply.Ok("yes")
            : request.Contains("TlRMTVNTUAAB", StringComparison.Ordinal)
                ? Reply.With("407 No", "go on", $"Proxy-Authenticate: {scheme} {Second}")
            : Reply.With("407 No", "no", "Proxy-Authenticate: " + scheme);
    }

    [GeneratedRegex("Proxy-Authorization: Digest [^\r\n]*")]
    private static partial Regex DigestFields();

    /// <summary>The proxy is the server of the run, which is known once that has begun.</summary>
    private sealed class RunsServer : IWebProxy
    {
        public Uri? Address { get; set; }

        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => Address;

        public bool IsBypassed(Uri host) => false;
    }
}
