using System.Net;
using Warmwire.Authentication;
using Xunit;

namespace Warmwire.Tests.Authentication;

public sealed class CredentialChoiceTests
{
    private static readonly AuthenticationTarget s_target = new(new Uri("http://a.test/x"), IsProxy: false);

    [Theory]
    [InlineData("Basic realm=a, NTLM, Digest realm=a, nonce=n, Negotiate", "Negotiate")]
    [InlineData("Basic realm=a, NTLM, Digest realm=a, nonce=n", "Ntlm")]
    [InlineData("Basic realm=a, Digest realm=a, nonce=n", "Digest")]
    [InlineData("Digest realm=a, Basic realm=a", "Basic")] // a Digest without a nonce is none
    [InlineData("Bearer, Basic realm=a", "Basic")]
    [InlineData("Bearer", null)]
    [InlineData("", null)]
    public void The_strongest_is_taken(string challenges, string? scheme) => Assert.Equal(
        scheme,
        CredentialChoice.Strongest(ChallengeParser.Parse(challenges), new NetworkCredential("u", "p"), s_target)?.Scheme.ToString());

    [Fact]
    public void Without_HTTP_1_1_nothing_that_is_bound_to_a_connection_is_taken() => Assert.Equal(
        AuthenticationScheme.Basic,
        CredentialChoice.Strongest(
            ChallengeParser.Parse("Negotiate, NTLM, Basic realm=a"),
            new NetworkCredential("u", "p"),
            s_target,
            allowsConnectionBound: false)?.Scheme);

    [Fact]
    public void The_strongest_algorithm_is_taken() => Assert.Equal(
        DigestAlgorithm.Sha256,
        CredentialChoice.Strongest(
            ChallengeParser.Parse(
                "Digest realm=a, nonce=n, algorithm=SHA-512-256, Digest realm=a, nonce=n, algorithm=MD5, "
                + "Digest realm=a, nonce=n, algorithm=SHA-256, Digest realm=a, nonce=n"),
            new NetworkCredential("u", "p"),
            s_target)?.Digest?.Algorithm);

    [Fact]
    public void A_scheme_without_a_credential_is_left_out()
    {
        var cache = new CredentialCache { { new Uri("http://a.test/"), "Basic", new NetworkCredential("u", "p") } };
        Assert.Equal(
            AuthenticationScheme.Basic,
            CredentialChoice.Strongest(
                ChallengeParser.Parse("Negotiate, Digest realm=a, nonce=n, Basic realm=a"), cache, s_target)?.Scheme);
    }

    [Fact]
    public void The_signed_in_user_has_no_password_to_send()
    {
        Assert.Null(CredentialChoice.Strongest(
            ChallengeParser.Parse("Digest realm=a, nonce=n, Basic realm=a"), CredentialCache.DefaultCredentials, s_target));
        Assert.Equal(
            AuthenticationScheme.Negotiate,
            CredentialChoice.Strongest(ChallengeParser.Parse("Negotiate"), CredentialCache.DefaultCredentials, s_target)?.Scheme);
    }

    [Fact]
    public void What_the_programs_code_throws_is_inside_and_its_text_is_not_repeated()
    {
        var error = Assert.Throws<HttpRequestException>(() =>
            CredentialChoice.Strongest(ChallengeParser.Parse("Basic realm=a"), new Throwing(), s_target));
        Assert.Equal("the password is 1234", error.InnerException?.Message);
        Assert.DoesNotContain("1234", error.Message, StringComparison.Ordinal);
        Assert.Contains("http://a.test:80", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Aladdin", "open sesame", "", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")] // RFC 7617 §2
    [InlineData("test", "123\u00a3", "", "Basic dGVzdDoxMjPCow==")] // RFC 7617 §2.1
    [InlineData("u", "p", "D", "Basic RFx1OnA=")]
    [InlineData("u", "", "", "Basic dTo=")]
    public void Basic_is_as_in_the_RFC(string name, string password, string domain, string expected) =>
        Assert.Equal(expected, BasicAuthentication.Answer(new NetworkCredential(name, password, domain)));

    private sealed class Throwing : ICredentials
    {
        public NetworkCredential GetCredential(Uri uri, string authType) => throw new InvalidOperationException("the password is 1234");
    }
}
