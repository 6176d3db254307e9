using Warmwire.Authentication;
using Xunit;

namespace Warmwire.Tests.Authentication;

/// <summary>Challenges as real servers write them, and as none should.</summary>
public sealed class ChallengeParserTests
{
    /// <summary>The lines of a field, separated by a line feed, and what is read: a challenge for each line.</summary>
    public static TheoryData<string, string, string> RealChallenges => new()
    {
        // Well-behaved.
        { "nginx", "Basic realm=\"closed\"", "Basic realm=closed" },
        { "Apache mod_auth_basic", "Basic realm=\"Restricted Files\"", "Basic realm=Restricted Files" },
        {
            "Apache mod_auth_digest",
            "Digest realm=\"private\", nonce=\"Dm3Q0bMLBgA=2c98c6a0f4ab5dbd5e7f4fb6a6f2f1a2\", algorithm=MD5, qop=\"auth\"",
            "Digest realm=private nonce=Dm3Q0bMLBgA=2c98c6a0f4ab5dbd5e7f4fb6a6f2f1a2 algorithm=MD5 qop=auth"
        },
        { "IIS, a line for each", "Negotiate\nNTLM", "Negotiate\nNTLM" },
        { "IIS with Basic", "Negotiate\nNTLM\nBasic realm=\"intranet\"", "Negotiate\nNTLM\nBasic realm=intranet" },
        {
            "IIS Digest",
            "Digest qop=\"auth\",algorithm=MD5-sess,nonce=\"+Upgraded+v1b9\",charset=utf-8,realm=\"corp.example\"",
            "Digest qop=auth algorithm=MD5-sess nonce=+Upgraded+v1b9 charset=utf-8 realm=corp.example"
        },
        { "NTLM, second message", "NTLM TlRMTVNTUAACAAAAAAAAADgAAAABggABm==", "NTLM :TlRMTVNTUAACAAAAAAAAADgAAAABggABm==" },
        { "Negotiate, a token", "Negotiate oYG2MIGzoAMKAQGhCwYJKoZIgvcS/+A=", "Negotiate :oYG2MIGzoAMKAQGhCwYJKoZIgvcS/+A=" },
        {
            "Exchange",
            "Negotiate, NTLM, Basic realm=\"mail.example.com\"\nBearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", "
                + "trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", "
                + "token_types=\"app_asserted_user_v1 service_asserted_app_v1\", "
                + "authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"",
            "Negotiate\nNTLM\nBasic realm=mail.example.com\nBearer client_id=00000002-0000-0ff1-ce00-000000000000 "
                + "trusted_issuers=00000001-0000-0000-c000-000000000000@* "
                + "token_types=app_asserted_user_v1 service_asserted_app_v1 "
                + "authorization_uri=https://login.windows.net/common/oauth2/authorize"
        },
        {
            "squid", "Negotiate\nNTLM\nDigest realm=\"Squid\", nonce=\"Zm9v\", qop=\"auth\", stale=false\nBasic realm=\"Squid proxy\"",
            "Negotiate\nNTLM\nDigest realm=Squid nonce=Zm9v qop=auth stale=false\nBasic realm=Squid proxy"
        },
        { "Kestrel, JWT bearer", "Bearer error=\"invalid_token\", error_description=\"The token expired at '01/01/2026 00:00:00'\"",
            "Bearer error=invalid_token error_description=The token expired at '01/01/2026 00:00:00'" },
        { "Kestrel, Negotiate", "Negotiate", "Negotiate" },
        { "GitHub API", "Basic realm=\"GitHub\"", "Basic realm=GitHub" },
        {
            "Docker registry",
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/x:pull,push\"",
            "Bearer realm=https://auth.docker.io/token service=registry.docker.io scope=repository:library/x:pull,push"
        },
        {
            "Azure",
            "Bearer authorization_uri=\"https://login.windows.net/72f988bf\", error=\"invalid_token\", "
                + "error_description=\"The access token is missing, or invalid.\"",
            "Bearer authorization_uri=https://login.windows.net/72f988bf error=invalid_token "
                + "error_description=The access token is missing, or invalid."
        },
        {
            "Azure storage, without quotes",
            "Bearer authorization_uri=https://login.microsoftonline.com/x/oauth2/authorize resource_id=https://storage.azure.com",
            "Bearer authorization_uri=https://login.microsoftonline.com/x/oauth2/authorize resource_id=https://storage.azure.com"
        },
        { "S3 and its like", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256" },
        { "Artifactory", "Basic realm=\"Artifactory Realm\", charset=\"UTF-8\"", "Basic realm=Artifactory Realm charset=UTF-8" },
        { "all in one field", "Basic realm=\"a\", Digest realm=\"b\", nonce=\"n\", Negotiate",
            "Basic realm=a\nDigest realm=b nonce=n\nNegotiate" },
        { "RFC 9110 §11.6.1", "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
            "Newauth realm=apps type=1 title=Login to \"apps\"\nBasic realm=simple" },

        // Odd, and understood.
        { "a comma between quotes", "Basic realm=\"a, Negotiate, b\"", "Basic realm=a, Negotiate, b" },
        { "an escaped quote and a comma", "Basic realm=\"a\\\", NTLM \\\\\", NTLM", "Basic realm=a\", NTLM \\\nNTLM" },
        { "empty elements", ", ,Basic realm=\"a\",, ,NTLM,", "Basic realm=a\nNTLM" },
        { "a comma behind the scheme", "Digest , realm=\"a\", nonce=\"n\"", "Digest realm=a nonce=n" },
        { "spaces about the equals sign", "Basic realm = \"a\" , charset\t=\tUTF-8", "Basic realm=a charset=UTF-8" },
        { "other cases", "bAsIc REALM=\"a\"", "bAsIc REALM=a" },
        { "no quotes, with spaces", "Basic realm=my own realm, NTLM", "Basic realm=my own realm\nNTLM" },
        { "no commas between", "Digest realm=\"a\" nonce=\"n\" qop=\"auth\"", "Digest realm=a nonce=n qop=auth" },
        { "quotes that do not end", "Basic realm=\"a, NTLM", "Basic realm=a, NTLM" },
        { "an escape at the end", "Basic realm=\"a\\", "Basic realm=a\\" },
        { "quotes about nothing", "Basic realm=\"\"", "Basic realm=" },
        { "two of a name: the first", "Basic realm=\"a\", realm=\"b\"", "Basic realm=a" },
        { "junk behind a value", "Basic realm=\"a\";\"x, y\", NTLM", "Basic realm=a\nNTLM" },
        { "a scheme that is no token", "Ba(sic realm=\"a\", NTLM", "NTLM" },
        { "a parameter of nobody", "realm=\"a\", NTLM", "NTLM" },
        { "parameters do not cross lines", "Basic\nrealm=\"a\"", "Basic" },
        { "nothing", "", "" },
        { "only commas", " , ,, ", "" },
        { "a token that looks like a name", "Basic realm", "Basic :realm" },
    };

    [Theory]
    [MemberData(nameof(RealChallenges))]
    public void A_field_is_read(string server, string lines, string expected)
    {
        Assert.NotEmpty(server);
        var response = new HttpResponseMessage();
        foreach (string line in lines.Split('\n'))
        {
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", line);
        }

        Assert.Equal(expected, Show(ChallengeParser.Parse(response.Headers.NonValidated["WWW-Authenticate"])));
    }

    [Fact]
    public void There_are_no_more_challenges_and_parameters_than_the_limits_say()
    {
        string challenges = string.Join(", ", Enumerable.Range(0, 1000).Select(static i => $"s{i} a=1"));
        Assert.Equal(AuthenticationLimits.Challenges, ChallengeParser.Parse(challenges).Count);

        string parameters = "Digest " + string.Join(", ", Enumerable.Range(0, 1000).Select(static i => $"p{i}=1"));
        Assert.Equal(AuthenticationLimits.Parameters, Assert.Single(ChallengeParser.Parse(parameters)).Parameters.Count);

        string far = new string(',', AuthenticationLimits.ChallengeLength) + "Basic";
        Assert.Empty(ChallengeParser.Parse(far));
    }

    /// <summary>Nothing that a server could send makes it throw, loop, or take more than it should.</summary>
    [Fact]
    public void Whatever_is_sent_is_read_to_its_end()
    {
        const string Alphabet = "aB1=\"\\, \t;/+(\u00e4";
        var random = new Random(7);
        for (int i = 0; i < 50_000; i++)
        {
            string line = new(random.GetItems<char>(Alphabet, random.Next(24)));
            List<Challenge> challenges = ChallengeParser.Parse(line);
            Assert.True(challenges.Sum(static challenge => challenge.Scheme.Length) <= line.Length, line);
        }
    }

    /// <summary>A million characters that could be read again and again are read once.</summary>
    [Theory]
    [InlineData("a")]
    [InlineData("a ")]
    [InlineData("a=\"")]
    [InlineData("\\")]
    [InlineData("\"")]
    [InlineData("a=")]
    [InlineData("a a=\\\"")]
    public void Its_work_is_bounded(string piece)
    {
        string line = string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length));
        long before = Environment.TickCount64;
        ChallengeParser.Parse(line);
        Assert.InRange(Environment.TickCount64 - before, 0, 2000);
    }

    private static string Show(List<Challenge> challenges) => string.Join('\n', challenges.Select(static challenge =>
        challenge.Scheme
        + (challenge.Token is { } token ? " :" + token : "")
        + string.Concat(challenge.Parameters.Select(static parameter => $" {parameter.Key}={parameter.Value}"))));
}
