using FsCheck;
using FsCheck.Fluent;
using Warmwire.Fields;
using Warmwire.Http1.Wire;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>RFC 9112 §6: where a response's body ends.</summary>
public class ResponseFramingTests
{
    [Theory]
    [InlineData("Content-Length: 5", nameof(BodyKind.Length), 5)]
    [InlineData("Content-Length: 0", nameof(BodyKind.None), 0)]
    [InlineData("Content-Length: 005", nameof(BodyKind.Length), 5)]
    [InlineData("Content-Length: 9223372036854775807", nameof(BodyKind.Length), long.MaxValue)]
    [InlineData("Content-Length: 5, 5", nameof(BodyKind.Length), 5)]
    [InlineData("Content-Length: 5 ,\t5,5", nameof(BodyKind.Length), 5)]
    [InlineData("Content-Length: 5|Content-Length: 5", nameof(BodyKind.Length), 5)]
    [InlineData("Content-Length: 5|Content-Length: 05", nameof(BodyKind.Length), 5)]
    [InlineData("Transfer-Encoding: chunked", nameof(BodyKind.Chunked), 0)]
    [InlineData("Transfer-Encoding: CHUNKED", nameof(BodyKind.Chunked), 0)]
    [InlineData("", nameof(BodyKind.UntilClose), 0)]
    public void The_body_of_an_ordinary_response(string headers, string kind, long length)
    {
        FramingResult result = Resolve(headers);
        Assert.Equal(kind, result.Kind.ToString());
        Assert.Equal(length, result.Length);
        Assert.Equal(result.Kind != BodyKind.UntilClose, result.KeepAlive);
    }

    [Theory]
    [InlineData("Content-Length:")]
    [InlineData("Content-Length: +5")]
    [InlineData("Content-Length: -1")]
    [InlineData("Content-Length: 5, 6")]
    [InlineData("Content-Length: 5,")]
    [InlineData("Content-Length: ,5")]
    [InlineData("Content-Length: 5,,5")]
    [InlineData("Content-Length: 5 5")]
    [InlineData("Content-Length: 5;5")]
    [InlineData("Content-Length: 5.0")]
    [InlineData("Content-Length: 0x5")]
    [InlineData("Content-Length: 5e1")]
    [InlineData("Content-Length: five")]
    [InlineData("Content-Length: \"5\"")]
    [InlineData("Content-Length: \u00B2")]
    [InlineData("Content-Length: 9223372036854775808")]
    [InlineData("Content-Length: 99999999999999999999999999999999")]
    [InlineData("Content-Length: 5|Content-Length: 6")]
    [InlineData("Content-Length: 5|Content-Length: +5")]
    [InlineData("Content-Length: 0|Content-Length: 5")]
    public void A_malformed_or_contradictory_Content_Length_is_refused(string headers)
    {
        Assert.Throws<WireFormatException>(() => Resolve(headers));
        AssertIgnoredWithoutBody(headers);
    }

    [Theory]
    [InlineData("Transfer-Encoding:")]
    [InlineData("Transfer-Encoding: gzip")]
    [InlineData("Transfer-Encoding: identity, chunked")]
    [InlineData("Transfer-Encoding: identity|Transfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked|Transfer-Encoding: identity")]
    [InlineData("Transfer-Encoding: identity|Transfer-Encoding: identity")]
    [InlineData("Transfer-Encoding: identity|Content-Length: 5|Content-Length: 6")]
    [InlineData("Transfer-Encoding: xchunked")]
    [InlineData("Transfer-Encoding: chunkedx")]
    [InlineData("Transfer-Encoding: chunked, gzip")]
    [InlineData("Transfer-Encoding: gzip, chunked")]
    [InlineData("Transfer-Encoding: chunked, chunked")]
    [InlineData("Transfer-Encoding: chunked,")]
    [InlineData("Transfer-Encoding: , chunked")]
    [InlineData("Transfer-Encoding: chunked;q=1")]
    [InlineData("Transfer-Encoding: \"chunked\"")]
    [InlineData("Transfer-Encoding: chun ked")]
    [InlineData("Transfer-Encoding: \u000Bchunked")]
    [InlineData("Transfer-Encoding: chunked|Transfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: gzip|Transfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked|Transfer-Encoding: gzip")]
    public void A_Transfer_Encoding_other_than_one_chunked_is_refused(string headers)
    {
        Assert.Throws<WireFormatException>(() => Resolve(headers));
        AssertIgnoredWithoutBody(headers);
    }

    [Theory]
    [InlineData("Content-Length: 5|Transfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked|Content-Length: 5")]
    [InlineData("Transfer-Encoding: chunked|Content-Length: 0")]
    public void Content_Length_together_with_Transfer_Encoding_is_refused(string headers)
    {
        Assert.Throws<WireFormatException>(() => Resolve(headers));
        AssertIgnoredWithoutBody(headers);
    }

    // RFC 2616 §3.6 had it. Two recipients may read it differently, so the connection is not kept.
    [Theory]
    [InlineData("Transfer-Encoding: identity", nameof(BodyKind.UntilClose), 0)]
    [InlineData("Transfer-Encoding: Identity|Connection: keep-alive", nameof(BodyKind.UntilClose), 0)]
    [InlineData("Transfer-Encoding: identity|Content-Length: 5", nameof(BodyKind.Length), 5)]
    [InlineData("Content-Length: 0|Transfer-Encoding: identity", nameof(BodyKind.None), 0)]
    public void Identity_is_no_coding_and_ends_the_connection(string headers, string kind, long length)
    {
        foreach (int minorVersion in new[] { 0, 1 })
        {
            FramingResult result = Resolve(headers, minorVersion: minorVersion);
            Assert.Equal((kind, length, false), (result.Kind.ToString(), result.Length, result.KeepAlive));
        }

        AssertIgnoredWithoutBody(headers);
    }

    [Fact]
    public void Transfer_Encoding_on_HTTP_1_0_is_refused()
    {
        AssertIgnoredWithoutBody("Transfer-Encoding: chunked|Connection: keep-alive", minorVersion: 0);
        Assert.Throws<WireFormatException>(() => Resolve("Transfer-Encoding: chunked", minorVersion: 0));
        Assert.Throws<WireFormatException>(() => Resolve("Transfer-Encoding: chunked|Connection: keep-alive", minorVersion: 0));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(103)]
    [InlineData(199)]
    [InlineData(204)]
    [InlineData(304)]
    public void Some_codes_never_have_a_body(int code)
    {
        foreach (string headers in new[] { "", "Content-Length: 5", "Transfer-Encoding: chunked" })
        {
            FramingResult result = Resolve(headers, code);
            Assert.Equal(BodyKind.None, result.Kind);
            Assert.Equal(0, result.Length);
            Assert.True(result.KeepAlive);
        }
    }

    [Theory]
    [InlineData(200)]
    [InlineData(205)]
    [InlineData(404)]
    public void Other_codes_do(int code) => Assert.Equal(BodyKind.Length, Resolve("Content-Length: 5", code).Kind);

    [Fact]
    public void A_response_to_HEAD_has_no_body_whatever_its_length_says()
    {
        FramingResult result = Resolve("Content-Length: 5", isHead: true);
        Assert.Equal(BodyKind.None, result.Kind);
        Assert.Equal(0, result.Length);
        Assert.True(result.KeepAlive);
        Assert.Equal(BodyKind.None, Resolve("", isHead: true).Kind);
    }

    [Fact]
    public void Switching_protocols_ends_HTTP_on_the_connection()
    {
        FramingResult result = Resolve("Upgrade: websocket|Connection: upgrade", 101);
        Assert.Equal(BodyKind.Raw, result.Kind);
        Assert.False(result.KeepAlive);
        Assert.False(result.Http10);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Content-Length: 5")]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked|Content-Length: 5")] // RFC 9112 §6.3, rule 2: to be ignored
    public void A_successful_CONNECT_ends_HTTP_whatever_the_headers_say_of_a_body(string headers)
    {
        Assert.Equal(BodyKind.Raw, Resolve(headers, 200, isConnect: true).Kind);
        Assert.Equal(BodyKind.Raw, Resolve(headers, 299, minorVersion: 0, isConnect: true).Kind);
    }

    [Fact]
    public void A_refused_CONNECT_has_an_ordinary_body() =>
        Assert.Equal(BodyKind.Length, Resolve("Content-Length: 5", 407, isConnect: true).Kind);

    [Fact]
    public void Any_list_of_numbers_is_one_length_if_they_are_equal_and_refused_if_not() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<NonNegativeInt[]>(), numbers =>
        {
            if (numbers.Length == 0)
            {
                return;
            }

            string headers = "Content-Length: " + string.Join(", ", numbers.Select(number => number.Get));
            if (numbers.Distinct().Count() == 1)
            {
                Assert.Equal(numbers[0].Get, Resolve(headers).Length);
            }
            else
            {
                Assert.Throws<WireFormatException>(() => Resolve(headers));
            }
        }));

    [Fact]
    public void Random_values_are_refused_or_accepted() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            WireBytes.Nasty(
                "5", "0", "+", "-", ",", " ", "\t", "chunked", "close", "keep-alive", "timeout", "max", "=", "\"", "99999999999", "\u00FF"),
            value => Enum.GetValues<KnownResponseHeader>().All(known => WireBytes.RefusesOrAccepts(() =>
            {
                ResponseFraming framing = default;
                framing.Add(known, WireBytes.Of(value));
                framing.Resolve(200, 1, false, false);
            }))));

    // RFC 9112 §6.3, rule 1: it ends at the empty line for every recipient, so nothing can be hidden behind it.
    private static void AssertIgnoredWithoutBody(string headers, int minorVersion = 1)
    {
        foreach ((int code, bool isHead) in new[] { (200, true), (404, true), (103, false), (204, false), (304, false) })
        {
            FramingResult result = Resolve(headers, code, minorVersion, isHead);
            Assert.Equal((BodyKind.None, 0L, true), (result.Kind, result.Length, result.KeepAlive));
        }
    }

    internal static FramingResult Resolve(
        string headers, int statusCode = 200, int minorVersion = 1, bool isHead = false, bool isConnect = false)
    {
        // Not through HeaderLineReader: these tests also pass what it would refuse.
        ResponseFraming framing = default;
        foreach (string line in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            ResponseHeaderNames.Lookup(WireBytes.Of(line[..colon]), out KnownResponseHeader known, out _);
            framing.Add(known, WireBytes.Of(line[(colon + 1)..].Trim(' ')));
        }

        return framing.Resolve(statusCode, minorVersion, isHead, isConnect);
    }
}
