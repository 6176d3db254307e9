using Warmwire.Fields;
using Xunit;

namespace Warmwire.Tests.Fields;

public sealed class ConnectMethodTests
{
    [Theory]
    [InlineData("CONNECT", true)]
    [InlineData("connect", true)]
    [InlineData("Connect", true)]
    [InlineData("GET", false)]
    [InlineData("CONNECTED", false)]
    public void It_is_one_method_however_it_is_written(string method, bool expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://server.test/");
        Assert.Equal(expected, ConnectMethod.IsOf(request));
        Assert.Null(ConnectMethod.ProtocolOf(request));
        request.Headers.Protocol = "websocket";
        Assert.Equal(expected ? "websocket" : null, ConnectMethod.ProtocolOf(request));
    }

    [Fact]
    public void To_ask_makes_no_headers()
    {
        using var request = new HttpRequestMessage(HttpMethod.Connect, "http://server.test/");
        Assert.Null(ConnectMethod.ProtocolOf(request));
        if (Warmwire.Runtime.FrameworkFields.HeadersAreKnown)
        {
            Assert.Null(Warmwire.Runtime.FrameworkFields.HeadersOf(request));
        }
    }
}
