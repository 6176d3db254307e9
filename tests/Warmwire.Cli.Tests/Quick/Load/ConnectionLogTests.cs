using System.Diagnostics.Tracing;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Tests.Quick.Events;
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
            using HttpResponseMessage response = await invoker.SendAsync(
                new HttpRequestMessage(HttpMethod.Get, uri), TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            // Whether somebody listens there does not matter.
        }

        Assert.Equal(Assert.Single(handler.GetSnapshot().Origins).Origin, ConnectionLog.OriginOf(uri));
    }

    [Fact]
    public void Events_that_cannot_be_read_fail_the_run_and_do_not_count_as_none()
    {
        using var source = new TransportEventReaderTests.ChangedSource();
        using var log = new ConnectionLog(new Uri("http://a/"));
        log.EnableEvents(source, EventLevel.Informational);
        log.ThrowIfUnreadable();
        source.DialFailed("http://a:80", "First");
        CommandFailure failure = Assert.Throws<CommandFailure>(() => log.GetResult(timeWait: null));
        Assert.Equal(
            "connections cannot be counted: the transport's event DialFailed has no value 'error', only origin, reason", failure.Message);
        Assert.Equal(ExitCodes.CouldNotRun, failure.ExitCode);
    }
}
