using System.Net;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Warmwire.Tests.Servers;

/// <summary>The time of the whole exchange against a real server, over both versions; only the clock is the test's.</summary>
public sealed class RequestTimeoutServerTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public async Task A_server_that_stops_is_left_when_the_time_is_over(int version, bool inTheBody)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using KestrelServer server = await KestrelServer.StartAsync(
            async context =>
            {
                if (context.Request.Path == "/stops")
                {
                    if (inTheBody)
                    {
                        await context.Response.WriteAsync("half");
                        await context.Response.Body.FlushAsync();
                    }

                    reached.TrySetResult();
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                }
            },
            new KestrelServerSettings { Protocols = version == 2 ? HttpProtocols.Http2 : HttpProtocols.Http1 });
        var time = new FakeTime();
        using var handler = new PooledHttpHandler { TimeProvider = time, UseProxy = false, RequestTimeout = s_limit };
        using var client = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = version == 2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        Task failing = client.GetAsync(new Uri(server.HttpUri, "/stops"), HttpCompletionOption.ResponseHeadersRead);
        await Guard.Within(reached.Task, () => "the request at the server");
        if (inTheBody)
        {
            Stream body = await (await (Task<HttpResponseMessage>)failing).Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(new byte[4]);
            failing = body.ReadAsync(new byte[4]).AsTask();
        }

        time.Advance(s_limit);
        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => Guard.Within(failing, () => "a failure"));
        var error = Assert.IsType<TransportException>(inTheBody ? thrown.InnerException : thrown);
        Assert.True(error.IsTimeout);

        // The server may have the request before the flow that wrote it has come back from the send.
        Assert.True(
            error.Phase == (inTheBody ? TransportPhase.ReadBody : TransportPhase.ReadHeaders)
            || (!inTheBody && error.Phase == TransportPhase.WriteRequest),
            error.Message);

        using HttpResponseMessage next = await client.GetAsync(server.HttpUri);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        await Eventually.IsTrue(() => Deadlines.Waiting(handler) <= (version == 2 ? 1 : 0), "at most the wait for a ping's answer");
    }
}
