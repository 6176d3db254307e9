using System.Diagnostics;
using System.Globalization;
using System.Net.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Warmwire.Clients.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>
/// AddHttpClientInstrumentation of OpenTelemetry.Instrumentation.Http sees the same spans and instruments over both handlers, and none
/// twice.
/// </summary>
[Collection(nameof(OpenTelemetryTests))]
[CollectionDefinition(nameof(OpenTelemetryTests), DisableParallelization = true)]
public sealed class OpenTelemetryTests
{
    [Fact]
    [Trait("Issue10", "L8-otel-spans")]
    public Task Spans_are_the_same_and_enriched_from_request_response_and_exception() => ClientScenario.AssertAsync(async stage =>
    {
        var spans = new List<Activity>();
        int enriched = 0;
        await using KestrelServer server = await StartAsync();
        using (TracerProvider provider = Sdk.CreateTracerProviderBuilder().AddHttpClientInstrumentation(options =>
        {
            options.RecordException = true;
            options.EnrichWithHttpRequestMessage = (_, _) => Interlocked.Increment(ref enriched);
            options.EnrichWithHttpResponseMessage = (_, _) => Interlocked.Increment(ref enriched);
            options.EnrichWithException = (_, _) => Interlocked.Increment(ref enriched);
        }).AddInMemoryExporter(spans).Build())
        {
            await PlayAsync(stage, server);
        }

        // The server of this process is no client; requests of other tests do not run beside these.
        Activity[] clients = [.. spans.Where(span => span.Kind == ActivityKind.Client)];
        stage.Outcome.Tell("client spans", clients.Length);
        stage.Outcome.Tell("enrichments", enriched);
        foreach ((Activity span, int index) in clients.OrderBy(span => span.StartTimeUtc).Select((span, index) => (span, index)))
        {
            string tags = string.Join(' ', span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal));
            stage.Outcome.Tell(
                $"span {index}",
                $"{span.DisplayName} {span.Status} {span.Events.Count()} events {tags}".Replace(
                    server.HttpUri.Port.ToString(CultureInfo.InvariantCulture), "PORT", StringComparison.Ordinal));
        }
    });

    [Fact]
    [Trait("Issue10", "L9-otel-metrics")]
    public Task Instruments_are_the_same() => ClientScenario.AssertAsync(async stage =>
    {
        var metrics = new List<Metric>();
        await using KestrelServer server = await StartAsync();
        using (MeterProvider provider =
            Sdk.CreateMeterProviderBuilder().AddHttpClientInstrumentation().AddInMemoryExporter(metrics).Build())
        {
            await PlayAsync(stage, server);
            provider.ForceFlush();
            foreach (Metric metric in metrics.Where(metric => metric.Name.StartsWith("http.client", StringComparison.Ordinal)))
            {
                long points = 0;
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    points++;
                }

                stage.Outcome.Tell($"{metric.MeterName} {metric.Name}", $"{metric.Unit} {metric.MetricType}");
                stage.Outcome.TellAtLeast($"{metric.Name} points", points, slack: 2);
            }
        }
    });

    private static Task<KestrelServer> StartAsync() => KestrelServer.StartAsync(async context =>
    {
        context.Response.StatusCode = context.Request.Path == "/missing" ? 404 : 200;
        await context.Response.Body.WriteAsync("ok"u8.ToArray());
    });

    private static async Task PlayAsync(ClientStage stage, KestrelServer server)
    {
        using HttpClient client = stage.Client();
        await client.GetStringAsync(server.HttpUri);
        using HttpResponseMessage missing = await client.GetAsync(new Uri(server.HttpUri, "missing"));
        using HttpResponseMessage posted = await client.PostAsync(server.HttpUri, new StringContent("x"));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync("http://127.0.0.1:1/"));
    }
}
