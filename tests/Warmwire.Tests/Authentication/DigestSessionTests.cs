using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Warmwire.Authentication;
using Xunit;

namespace Warmwire.Tests.Authentication;

/// <summary>The examples of the RFCs, and what they do not have, computed apart.</summary>
public sealed class DigestSessionTests
{
    private const string Rfc7616 =
        "Digest realm=\"http-auth@example.org\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
        + "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    private static readonly NetworkCredential s_mufasa = new("Mufasa", "Circle of Life");

    [Fact]
    public void The_example_of_RFC_2617() => Assert.Equal(
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
            + "response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, "
            + "cnonce=\"0a4f113b\"",
        Session(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
                + "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
            "0a4f113b").Answer(new NetworkCredential("Mufasa", "Circle Of Life"), "GET", "/dir/index.html"));

    [Theory]
    [InlineData("MD5", "qop=\"auth, auth-int\"", "8ca523f5e9506fed4657c9700eebdbec")] // §3.9.1
    [InlineData("SHA-256", "qop=\"auth, auth-int\"", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")] // §3.9.1
    [InlineData("md5", "qop=auth", "8ca523f5e9506fed4657c9700eebdbec")]
    [InlineData("MD5-sess", "qop=auth", "e783283f46242139c486a698fec7211d")]
    [InlineData("SHA-256-sess", "qop=auth", "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7")]
    [InlineData("MD5", "qop=auth-int", "8804a53d3640a40a4f73cea12c5ba451")]
    [InlineData("SHA-256", "qop=auth-int", "8bdf6f15638e260831e905028de5450562816d093c9bfc5c13d3a46adcdde940")]
    [InlineData("MD5", "x=1", "7b2cc3b30e75b4777ea31027084363fd")]
    [InlineData("SHA-256", "qop=\"\"", "a1306b0595a6c7fe96c448631fb5cfbd5107bd1fe1da729d978dd7446b812363")]
    public void The_example_of_RFC_7616_and_its_variants(string algorithm, string qop, string response)
    {
        string answer = Session($"{Rfc7616}, algorithm={algorithm}, {qop}").Answer(s_mufasa, "GET", "/dir/index.html");
        Challenge read = Read(answer);
        Assert.Equal(response, read["response"]);
        Assert.Equal("Mufasa", read["username"]);
        Assert.Equal(algorithm, read["algorithm"], ignoreCase: true);
        Assert.Equal("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", read["opaque"]);
    }

    [Theory]
    [InlineData("MD5", "23fef4d928a3e9fa6e0b0de51288c997")]
    [InlineData("SHA-256", "c98b95dbdb463c4483e324bced57d591946a6f84098142757b1333c52c47d62e")]
    public void The_body_is_in_the_hash_where_the_server_wants_no_less(string algorithm, string response)
    {
        DigestSession session = Session($"{Rfc7616}, algorithm={algorithm}, qop=\"auth-int\"");
        Assert.True(session.NeedsBody);
        using var body = session.BeginBody();
        body.AppendData("hello"u8);
        Challenge read = Read(session.Answer(s_mufasa, "POST", "/dir/index.html", body.GetHashAndReset()));
        Assert.Equal(response, read["response"]);
        Assert.Equal("auth-int", read["qop"]);
    }

    [Theory]
    [InlineData("MD5", "4238f3a16167373febb9bc4d43db9cc4")]
    [InlineData("SHA-256", "a947aad205e80e429958a387394944c6b496301e79f89d35a4cc23b6ee12b5b6")]
    public void The_name_is_hashed_if_the_server_wants_that(string algorithm, string name)
    {
        Challenge read = Read(
            Session($"{Rfc7616}, algorithm={algorithm}, qop=auth, userhash=true").Answer(s_mufasa, "GET", "/dir/index.html"));
        Assert.Equal(name, read["username"]);
        Assert.Equal("true", read["userhash"]);
    }

    [Fact]
    public void A_name_outside_ASCII_is_sent_in_UTF_8()
    {
        string answer = Session($"{Rfc7616}, algorithm=SHA-256, qop=auth, charset=UTF-8").Answer(
            new NetworkCredential("J\u00e4s\u00f8n Doe", "Circle of Life"), "GET", "/dir/index.html");
        Assert.Contains("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe,", answer, StringComparison.Ordinal);
        Assert.Equal("c5329432b688d2821a9caba0e2ecb6b74604959469eb41c6595dcea281451bed", Read(answer)["response"]);
    }

    [Fact]
    public void A_realm_outside_ASCII_goes_back_as_it_came_and_is_hashed_as_it_was_meant()
    {
        string asRead = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("r\u00e9alm"));
        string answer = Session($"Digest realm=\"{asRead}\", nonce=\"n\"").Answer(new NetworkCredential("u", "p"), "GET", "/");
        Challenge read = Read(answer);
        Assert.Equal(asRead, read["realm"]);

        // H(H(u:réalm:p):n:H(GET:/)) over UTF-8
        Assert.Equal(Md5($"{Md5("u:r\u00e9alm:p")}:n:{Md5("GET:/")}"), read["response"]);
    }

    [Fact]
    public void Quotes_and_backslashes_are_escaped_and_hashed_without()
    {
        string answer = Session("Digest realm=\"a \\\"b\\\" c\", nonce=\"n\"").Answer(new NetworkCredential("u\"v\\", "p"), "GET", "/");
        Assert.Contains("username=\"u\\\"v\\\\\", realm=\"a \\\"b\\\" c\"", answer, StringComparison.Ordinal);
        Assert.Equal(Md5($"{Md5("u\"v\\:a \"b\" c:p")}:n:{Md5("GET:/")}"), Read(answer)["response"]);
    }

    [Fact]
    public void Each_request_has_a_count_and_a_next_nonce_begins_it_anew()
    {
        DigestSession session = Session($"{Rfc7616}, qop=auth");
        Assert.Equal("00000001", Count());
        Assert.Equal("00000002", Count());
        session.TakeNextNonce("next");
        Assert.Equal("00000001", Count());
        session.TakeNextNonce("next");
        Assert.Equal("00000002", Count());
        Assert.Equal("next", Read(session.Answer(s_mufasa, "GET", "/"))["nonce"]);

        string? Count() => Read(session.Answer(s_mufasa, "GET", "/"))["nc"];
    }

    [Fact]
    public void No_two_requests_have_the_same_count()
    {
        DigestSession session = Session($"{Rfc7616}, qop=auth");
        int[] counts = new int[2000];
        Parallel.For(0, counts.Length, i => counts[i] = int.Parse(
            Read(session.Answer(s_mufasa, "GET", "/"))["nc"]!, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Array.Sort(counts);
        Assert.Equal(Enumerable.Range(1, counts.Length), counts);
    }

    [Theory]
    [InlineData("nextnonce=\"n2\"", "n2")]
    [InlineData("qop=auth, rspauth=\"abc\", nextnonce=\"n2\", nc=00000001", "n2")]
    [InlineData("rspauth=\"abc\"", "n1")]
    [InlineData("nextnonce=\"\"", "n1")]
    [InlineData("Digest", "n1")]
    public void The_next_nonce_is_taken_from_the_response(string info, string nonce)
    {
        DigestSession session = Session("Digest realm=a, nonce=n1, qop=auth");
        var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("Authentication-Info", info);
        session.TakeInfo(new AuthenticationTarget(new Uri("http://a.test"), IsProxy: false).InfoOf(response)!);
        Assert.Equal(nonce, Read(session.Answer(s_mufasa, "GET", "/"))["nonce"]);
    }

    [Theory]
    [InlineData("Digest realm=a")]
    [InlineData("Digest realm=a, nonce=n, algorithm=SHA-512-256")]
    [InlineData("Digest realm=a, nonce=n, algorithm=token")]
    [InlineData("Digest realm=a, nonce=n, qop=\"auth-conf\"")]
    public void What_cannot_be_answered_is_not(string challenge) => Assert.Null(DigestChallenge.TryRead(Read(challenge)));

    [Fact]
    public void Without_a_test_nonces_are_long_and_never_the_same()
    {
        var session = new DigestSession(DigestChallenge.TryRead(Read($"{Rfc7616}, qop=auth"))!);
        string[] nonces = [.. Enumerable.Range(0, 100).Select(_ => Read(session.Answer(s_mufasa, "GET", "/"))["cnonce"]!)];
        Assert.All(nonces, static nonce => Assert.Equal(32, nonce.Length));
        Assert.Distinct(nonces);
    }

    private static DigestSession Session(string challenge, string clientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ") =>
        new(DigestChallenge.TryRead(Read(challenge))!, () => clientNonce);

    private static Challenge Read(string text) => Assert.Single(ChallengeParser.Parse(text));

    private static string Md5(string text) =>
        Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.MD5, Encoding.UTF8.GetBytes(text)));
}
