using Warmwire.Fields;
using Xunit;

namespace Warmwire.Tests.Fields;

/// <summary>RFC 9110 §6.5.1.</summary>
public class TrailerRulesTests
{
    private static readonly string[] s_names =
    [
        "Accept", "Accept-Ranges", "Age", "Allow", "Authentication-Info", "Authorization", "Cache-Control", "Connection",
        "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-MD5", "Content-Range",
        "Content-Type", "Cookie", "Date", "Digest", "ETag", "Expect", "Expires", "Host", "If-Match", "If-Modified-Since", "If-None-Match",
        "If-Range", "If-Unmodified-Since", "Keep-Alive", "Last-Modified", "Location", "Max-Forwards", "Pragma", "Proxy-Authenticate",
        "Proxy-Authorization", "Proxy-Connection", "Range", "Retry-After", "Server-Timing", "Set-Cookie", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Vary", "Via", "Warning", "WWW-Authenticate", "X-Checksum", "grpc-message", "grpc-status",
    ];

    [Fact]
    public void Whatever_dotnet_drops_is_dropped()
    {
        using HttpResponseMessage response = new();
        foreach (string name in s_names)
        {
            if (!response.TrailingHeaders.TryAddWithoutValidation(name, "x"))
            {
                Assert.True(TrailerRules.IsForbidden(name), name);
            }
        }
    }

    [Theory]
    [InlineData("Connection")]
    [InlineData("Keep-Alive")]
    [InlineData("Upgrade")]
    [InlineData("cookie")]
    [InlineData("Content-disposition")]
    [InlineData("Content-Location")]
    [InlineData("TRANSFER-ENCODING")]
    public void What_dotnet_forgot_is_dropped_too(string name) => Assert.True(TrailerRules.IsForbidden(name));

    [Theory]
    [InlineData("grpc-status")]
    [InlineData("grpc-message")]
    [InlineData("ETag")]
    [InlineData("Digest")]
    [InlineData("Content-MD5")]
    [InlineData("Last-Modified")]
    [InlineData("Server-Timing")]
    [InlineData("X-Checksum")]
    public void What_trailers_are_for_is_kept(string name)
    {
        Assert.False(TrailerRules.IsForbidden(name));
        using HttpResponseMessage response = new();
        Assert.True(response.TrailingHeaders.TryAddWithoutValidation(name, "x"));
    }
}
