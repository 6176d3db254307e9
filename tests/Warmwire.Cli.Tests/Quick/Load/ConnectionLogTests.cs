using Warmwire.Cli.Quick.Load;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Load;

public sealed class ConnectionLogTests
{
    [Theory]
    [InlineData("http://localhost/path?query")]
    [InlineData("HTTPS://LocalHost")]
    [InlineData("http://127.0.0.1:9")]
    [InlineData("http://[::1]:9/")]
    [InlineData("http://user:secret@localhost:9/")]
    [InlineData("http://bücher.invalid/")]
    public async Task An_origin_is_written_as_the_transport_writes_it(string url)
    {
        var uri = new Uri(url);
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        try
        {
            using HttpResponseMessage response = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            // Whether somebody listens there does not matter.
        }

        Assert.Equal(Assert.Single(handler.GetSnapshot().Origins).Origin, ConnectionLog.OriginOf(uri));
    }
}
