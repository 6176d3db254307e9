using Warmwire.Http1.Wire;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>RFC 9112 §9.3: whether the connection may serve another request.</summary>
public class ResponsePersistenceTests
{
    [Theory]
    [InlineData("Content-Length: 5")]
    [InlineData("Content-Length: 5|Connection: keep-alive")]
    [InlineData("Content-Length: 5|Connection: ")]
    [InlineData("Content-Length: 5|Connection: closed, not-close, clos")]
    [InlineData("Content-Length: 5|Proxy-Connection: close")]
    public void HTTP_1_1_keeps_it(string headers)
    {
        FramingResult result = ResponseFramingTests.Resolve(headers);
        Assert.True(result.KeepAlive);
        Assert.False(result.Http10);
    }

    [Theory]
    [InlineData("Connection: close")]
    [InlineData("Connection: CLOSE")]
    [InlineData("Connection: keep-alive, close")]
    [InlineData("Connection: close, keep-alive")]
    [InlineData("Connection: upgrade ,\tClose ,x")]
    [InlineData("Connection: keep-alive|Connection: close")]
    [InlineData("Connection: close|Connection: keep-alive")]
    [InlineData("Keep-Alive: timeout=5, max=0")]
    [InlineData("Keep-Alive: MAX = 0")]
    public void A_close_in_any_place_wins(string headers)
    {
        foreach (int minorVersion in new[] { 0, 1 })
        {
            FramingResult result = ResponseFramingTests.Resolve("Content-Length: 5|" + headers, minorVersion: minorVersion);
            Assert.False(result.KeepAlive);
            Assert.False(result.Http10);
        }
    }

    [Fact]
    public void HTTP_1_0_does_not_keep_it()
    {
        FramingResult result = ResponseFramingTests.Resolve("Content-Length: 5", minorVersion: 0);
        Assert.False(result.KeepAlive);
        Assert.True(result.Http10);
    }

    [Fact]
    public void HTTP_1_0_keeps_it_if_the_server_says_so()
    {
        FramingResult result = ResponseFramingTests.Resolve("Content-Length: 5|Connection: x, Keep-Alive", minorVersion: 0);
        Assert.True(result.KeepAlive);
        Assert.False(result.Http10);
    }

    [Fact]
    public void A_body_that_ends_with_the_connection_cannot_keep_it() =>
        Assert.False(ResponseFramingTests.Resolve("Connection: keep-alive").KeepAlive);

    [Theory]
    [InlineData("timeout=5", 5)]
    [InlineData("timeout=5, max=100", 5)]
    [InlineData("max=100,TimeOut = 7", 7)]
    [InlineData("timeout=\"5\"", 5)]
    [InlineData("timeout=0", 0)]
    [InlineData("timeout=9, timeout=4", 4)]
    [InlineData("", null)]
    [InlineData("timeout", null)]
    [InlineData("timeout=", null)]
    [InlineData("timeout=-5", null)]
    [InlineData("timeout=5s", null)]
    [InlineData("timeout=99999999999", null)]
    [InlineData("timeout==5", null)]
    [InlineData(",,=,=5,;", null)]
    [InlineData("300", null)]
    public void The_hint_of_a_timeout_is_understood_or_passed_over(string value, int? seconds)
    {
        FramingResult result = ResponseFramingTests.Resolve("Content-Length: 5|Keep-Alive: " + value);
        Assert.Equal(seconds, result.KeepAliveTimeoutSeconds);
        Assert.True(result.KeepAlive);
    }
}
