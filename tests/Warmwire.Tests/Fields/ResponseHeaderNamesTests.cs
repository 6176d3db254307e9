using System.Net.Http.Headers;
using System.Text;
using Warmwire.Fields;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Fields;

public class ResponseHeaderNamesTests
{
    [Theory]
    [InlineData("Content-Length", nameof(KnownResponseHeader.ContentLength))]
    [InlineData("Content-Type", nameof(KnownResponseHeader.ContentType))]
    [InlineData("Content-Encoding", nameof(KnownResponseHeader.ContentEncoding))]
    [InlineData("Transfer-Encoding", nameof(KnownResponseHeader.TransferEncoding))]
    [InlineData("Connection", nameof(KnownResponseHeader.Connection))]
    [InlineData("Keep-Alive", nameof(KnownResponseHeader.KeepAlive))]
    [InlineData("Date", nameof(KnownResponseHeader.Date))]
    [InlineData("Server", nameof(KnownResponseHeader.Server))]
    [InlineData("Location", nameof(KnownResponseHeader.Location))]
    [InlineData("Set-Cookie", nameof(KnownResponseHeader.SetCookie))]
    [InlineData("WWW-Authenticate", nameof(KnownResponseHeader.WwwAuthenticate))]
    [InlineData("ETag", nameof(KnownResponseHeader.Other))]
    public void A_known_name_is_found_in_any_case_and_gives_one_string(string name, string expected)
    {
        string exact = Lookup(name, out KnownResponseHeader known, out _);
        Assert.Equal(name, exact);
        Assert.Equal(expected, known.ToString());
        foreach (string variant in new[] { name.ToLowerInvariant(), name.ToUpperInvariant() })
        {
            Assert.Same(exact, Lookup(variant, out KnownResponseHeader again, out _));
            Assert.Equal(known, again);
        }
    }

    [Theory]
    [InlineData("X-Custom")]
    [InlineData("Content-Lengt")]
    [InlineData("Content-Lengtg")]
    [InlineData("Content-Foo")]
    [InlineData("Transfer_Encoding")]
    [InlineData("x")]
    public void Another_name_stays_as_it_was_sent(string name)
    {
        Assert.Equal(name, Lookup(name, out KnownResponseHeader known, out bool isContentHeader));
        Assert.Equal(KnownResponseHeader.Other, known);
        Assert.False(isContentHeader);
    }

    [Fact]
    public void The_case_of_an_unknown_name_is_not_taken_from_an_earlier_one()
    {
        Assert.Equal("X-Once", Lookup("X-Once", out _, out _));
        Assert.Equal("x-once", Lookup("x-once", out _, out _));
    }

    [Theory]
    [InlineData("Allow")]
    [InlineData("Content-Disposition")]
    [InlineData("Content-Encoding")]
    [InlineData("Content-Language")]
    [InlineData("Content-Length")]
    [InlineData("Content-Location")]
    [InlineData("Content-MD5")]
    [InlineData("Content-Range")]
    [InlineData("Content-Type")]
    [InlineData("Expires")]
    [InlineData("Last-Modified")]
    [InlineData("Content-Security-Policy")]
    [InlineData("Content-Foo")]
    [InlineData("Accept-Ranges")]
    [InlineData("Age")]
    [InlineData("Cache-Control")]
    [InlineData("Connection")]
    [InlineData("Date")]
    [InlineData("ETag")]
    [InlineData("Pragma")]
    [InlineData("Server")]
    [InlineData("Trailer")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Vary")]
    [InlineData("Warning")]
    public void Content_headers_are_those_that_dotnet_does_not_take_as_response_headers(string name)
    {
        Lookup(name, out _, out bool isContentHeader);
        using HttpResponseMessage response = new();
        Assert.Equal(!response.Headers.TryAddWithoutValidation(name, "x"), isContentHeader);
        using ByteArrayContent content = new([]);
        Assert.True(!isContentHeader || content.Headers.TryAddWithoutValidation(name, "x"));
    }

    [Theory]
    [InlineData("chunked")]
    [InlineData("close")]
    [InlineData("keep-alive")]
    [InlineData("gzip")]
    [InlineData("text/plain")]
    [InlineData("text/html")]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("nginx")]
    [InlineData("Kestrel")]
    [InlineData("no-cache")]
    [InlineData("Accept-Encoding")]
    [InlineData("bytes")]
    [InlineData("0")]
    [InlineData("14")]
    [InlineData("299")]
    public void A_common_value_gives_one_string(string value)
    {
        string first = Decode(KnownResponseHeader.Other, value);
        Assert.Equal(value, first);
        Assert.Same(first, Decode(KnownResponseHeader.Other, value));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("014")]
    [InlineData("+5")]
    [InlineData("-1")]
    [InlineData("300")]
    [InlineData("999")]
    [InlineData("1e2")]
    [InlineData("NGINX")]
    [InlineData("Chunked")]
    public void A_value_is_never_changed_to_a_similar_one(string value) => Assert.Equal(value, Decode(KnownResponseHeader.Other, value));

    [Fact]
    public void A_repeated_date_gives_one_string_and_another_date_another()
    {
        string first = Decode(KnownResponseHeader.Date, "Sun, 22 Nov 2026 01:41:28 GMT");
        Assert.Same(first, Decode(KnownResponseHeader.Date, "Sun, 22 Nov 2026 01:41:28 GMT"));
        Assert.Equal("Sun, 22 Nov 2026 01:41:29 GMT", Decode(KnownResponseHeader.Date, "Sun, 22 Nov 2026 01:41:29 GMT"));
    }

    [Fact]
    public void A_cookie_is_not_remembered() =>
        Assert.NotSame(Decode(KnownResponseHeader.SetCookie, "session=secret"), Decode(KnownResponseHeader.SetCookie, "session=secret"));

    [Theory]
    [InlineData(nameof(KnownResponseHeader.Other))]
    [InlineData(nameof(KnownResponseHeader.Server))] // through the memory of recent values
    public void Bytes_are_Latin1_unless_said_otherwise(string known)
    {
        KnownResponseHeader header = Enum.Parse<KnownResponseHeader>(known);
        Assert.Equal("\u00E4\u00FF\u0080", ResponseHeaderNames.DecodeValue(header, [0xE4, 0xFF, 0x80], null));
        Assert.Equal("\u00E4", ResponseHeaderNames.DecodeValue(header, "\u00E4"u8, Encoding.UTF8));
    }

    [Fact]
    public void A_location_is_read_as_UTF8_if_it_is_that()
    {
        Assert.Equal("/\u00E4", ResponseHeaderNames.DecodeValue(KnownResponseHeader.Location, "/\u00E4"u8, null));
        Assert.Equal("/\u00E4", ResponseHeaderNames.DecodeValue(KnownResponseHeader.Location, [(byte)'/', 0xE4], null));
        Assert.Equal("/\u00C3\u00A4", ResponseHeaderNames.DecodeValue(KnownResponseHeader.Location, "/\u00E4"u8, Encoding.Latin1));
    }

    [Fact]
    public void An_empty_value_is_the_empty_string() => Assert.Same("", Decode(KnownResponseHeader.Other, ""));

    private static string Lookup(string name, out KnownResponseHeader known, out bool isContentHeader) =>
        ResponseHeaderNames.Lookup(WireBytes.Of(name), out known, out isContentHeader);

    private static string Decode(KnownResponseHeader known, string value) =>
        ResponseHeaderNames.DecodeValue(known, WireBytes.Of(value), null);
}
