using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Warmwire.Samples.HttpFunction;
using Warmwire.Samples.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.Http;

public sealed class HttpFunctionEndpointTests
{
    private readonly ConcurrentQueue<string> _log = new();
    private readonly FakeTime _time = new();

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 50)]
    public async Task Fifty_requests_use_one_connection_with_reuse_and_fifty_without(bool reuse, int connections)
    {
        await using CountingServer upstream = await CountingServer.StartAsync(
            static app => app.Map("/", static context => context.Response.WriteAsync(new string('x', 10_000))));
        await using CountingServer function = await StartAsync(upstream.Uri, reuse);
        using var caller = new HttpClient();
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal("ok", await caller.GetStringAsync(function.Uri));
        }

        Assert.Equal(connections, upstream.Connections);
        Assert.Empty(_log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_status_is_named_and_its_connection_is_used_again(bool reuse)
    {
        await using CountingServer upstream = await CountingServer.StartAsync(static app => app.Map("/", static context =>
        {
            context.Response.StatusCode = 503;
            return context.Response.WriteAsync(new string('x', 10_000));
        }));
        await using CountingServer function = await StartAsync(upstream.Uri, reuse);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal((HttpStatusCode.InternalServerError, "Bad StatusCode: 503"), await AskAsync(function.Uri));
        }

        Assert.Equal(reuse ? 1 : 3, upstream.Connections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_that_is_dead_is_an_error_whose_reason_is_logged(bool reuse)
    {
        await using CountingServer function = await StartAsync(new Uri("http://name:secret@127.0.0.1:1/a?key=secret"), reuse);
        Assert.Equal((HttpStatusCode.InternalServerError, "Error making request"), await AskAsync(function.Uri));
        string line = Assert.Single(_log);
        Assert.StartsWith("http: GET http://127.0.0.1:1/a: ", line, StringComparison.Ordinal);
        Assert.Contains("Connection refused", line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upstream_that_takes_too_long_is_an_error_also_in_the_middle_of_its_body(bool headComes)
    {
        var reached = new TaskCompletionSource();
        await using CountingServer upstream = await CountingServer.StartAsync(app => app.Map("/", async context =>
        {
            if (headComes)
            {
                await context.Response.WriteAsync("some");
                await context.Response.Body.FlushAsync();
            }

            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }));
        await using CountingServer function = await StartAsync(upstream.Uri, reuse: true);
        Task<(HttpStatusCode, string)> answer = AskAsync(function.Uri);
        await Guard.Within(reached.Task, () => "the upstream's call");
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(answer.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal((HttpStatusCode.InternalServerError, "Error making request"), await Guard.Within(answer, () => "the answer"));
        Assert.Equal($"http: GET {upstream.Uri}: no complete answer within 10 s", Assert.Single(_log));
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_call_and_is_no_failure()
    {
        var reached = new TaskCompletionSource();
        var left = new TaskCompletionSource();
        await using CountingServer upstream = await CountingServer.StartAsync(app => app.Map("/", async context =>
        {
            context.RequestAborted.Register(left.SetResult);
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }));
        await using CountingServer function = await StartAsync(upstream.Uri, reuse: false);
        using var caller = new CancellationTokenSource();
        Task<(HttpStatusCode, string)> answer = AskAsync(function.Uri, caller.Token);
        await Guard.Within(reached.Task, () => "the upstream's call");
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await Guard.Within(left.Task, () => "the end of the upstream's call");
        Assert.Empty(_log);
    }

    private static async Task<(HttpStatusCode Status, string Text)> AskAsync(Uri uri, CancellationToken cancellationToken = default)
    {
        using var caller = new HttpClient();
        using HttpResponseMessage response = await caller.GetAsync(uri, cancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    private Task<CountingServer> StartAsync(Uri upstream, bool reuse) =>
        CountingServer.StartAsync(
            app => HttpFunctionEndpoint.Map(app, new HttpFunctionSettings(upstream) { Reuse = reuse, Log = _log.Enqueue, Time = _time }));
}
