using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Exports;

/// <summary>Against a server that stands for a collector and decodes what it is sent.</summary>
public sealed class OtlpMetricsTests
{
    private static readonly QuickSettings s_settings = new() { Url = new Uri("http://shop.example/a"), Rate = 10, Arrivals = 20 };

    [Fact]
    public async Task The_collector_gets_the_counts_and_the_latencies_of_all_seconds()
    {
        var bodies = new ConcurrentQueue<(string Path, byte[] Body)>();
        await using LoadTarget collector = await LoadTarget.StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            bodies.Enqueue((context.Request.Path, body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
        });
        using (var metrics = new OtlpMetrics(collector.Url, s_settings))
        {
            metrics.SecondEnded(0, Second(opened: 3, open: 3, 2_000_000, 2_000_000, 30_000_000));
            metrics.SecondEnded(1, Second(opened: 1, open: 4, 200_000_000_000));
            metrics.Finish();
        }

        (string path, byte[] last) = bodies.Last();
        Assert.Equal("/v1/metrics", path);
        OtlpRequest request = OtlpRequest.Read(last);
        Assert.Equal("warmwire", request.Resource["service.name"]);
        Assert.Equal("http://shop.example/a", request.Resource["warmwire.target.url"]);
        Assert.Equal(
            (6L, 4L, 2L, 4L, 4L),
            (request.Numbers["warmwire.quick.arrivals"], request.Numbers["warmwire.quick.responses"],
                request.Numbers["warmwire.quick.errors"], request.Numbers["warmwire.quick.connections.opened"],
                request.Numbers["warmwire.quick.connections.open"]));
        OtlpRequest.Distribution duration = request.Histograms["warmwire.quick.request.duration"];
        Assert.Equal(4, duration.Count);
        Assert.Equal(200.034, duration.Sum, 0.2);
        Assert.Equal(LatencyBuckets.Bounds, duration.Bounds);
        Assert.Equal(2, duration.Buckets[Array.IndexOf(duration.Bounds, 0.0025)]);
        Assert.Equal(1, duration.Buckets[^1]);
    }

    [Fact]
    public async Task A_collector_that_refuses_is_told()
    {
        await using LoadTarget collector = await LoadTarget.StartAsync(static context =>
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        });
        using var metrics = new OtlpMetrics(new Uri(collector.Url, "/own/path"), s_settings);
        metrics.SecondEnded(0, Second(opened: 1, open: 1, 2_000_000));
        CommandFailure failure = Assert.Throws<CommandFailure>(metrics.Finish);
        Assert.Equal(2, failure.ExitCode);
        Assert.StartsWith($"--otlp: {collector.Url}own/path did not take the metrics; ", failure.Message);
    }

    private static LiveInterval Second(int opened, int open, params long[] latencies)
    {
        var second = new LiveInterval();
        second.Begin(open);
        (second.Started, second.Responses, second.Errors, second.Opened) = (latencies.Length + 1, latencies.Length, 1, opened);
        foreach (long latency in latencies)
        {
            second.Latencies.Record(latency);
        }

        return second;
    }
}
