using Microsoft.AspNetCore.Http;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Exports;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Exports;

public sealed class PushgatewayTests
{
    [Theory]
    [InlineData("/", "/metrics/job/warmwire_quick")]
    [InlineData("/metrics/job/nightly/shop/a", "/metrics/job/nightly/shop/a")]
    public async Task The_result_replaces_the_group(string given, string expected)
    {
        (string Method, string Path, string? Type, string Body) got = default;
        await using LoadTarget gateway = await LoadTarget.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            got = (context.Request.Method, context.Request.Path, context.Request.ContentType, await reader.ReadToEndAsync());
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        });
        await Pushgateway.PushAsync(new Uri(gateway.Url, given), QuickResults.Usual(), TestContext.Current.CancellationToken);
        Assert.Equal(
            ("PUT", expected, "text/plain; version=0.0.4; charset=utf-8", PrometheusText.Of(QuickResults.Usual())), got);
    }

    [Fact]
    public async Task What_it_refuses_is_told_in_one_line()
    {
        await using LoadTarget gateway = await LoadTarget.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return context.Response.WriteAsync("inconsistent types\nmore");
        });
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(
            () => Pushgateway.PushAsync(gateway.Url, QuickResults.Usual(), TestContext.Current.CancellationToken));
        Assert.Equal(
            (2, $"--prometheus-push: {gateway.Url}metrics/job/warmwire_quick answered 400: inconsistent types"),
            (failure.ExitCode, failure.Message));
    }

    [Fact]
    public async Task One_that_is_not_there_is_told_in_one_line()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(
            () => Pushgateway.PushAsync(new Uri("http://127.0.0.1:1/"), QuickResults.Usual(), TestContext.Current.CancellationToken));
        Assert.StartsWith("--prometheus-push: http://127.0.0.1:1/metrics/job/warmwire_quick: ", failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
    }
}
