using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Metrics;
using Warmwire.Runtime;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Tests.Telemetry;

/// <summary>Telemetry is told under .NET's names, under our own where only that is listened to, and never twice.</summary>
[Collection(ProcessWideTelemetry.Name)]
public sealed class SharedNamesTests
{
    [Fact]
    public async Task A_program_that_subscribes_to_both_meters_has_each_measurement_once()
    {
        using var meters = new TestMeterFactory();
        using var shared = new MetricCollector(meters, "System.Net.Http");
        using var own = new MetricCollector(meters);
        await PlayAsync(new PooledHttpHandler { UseProxy = false, MeterFactory = meters });
        Assert.Equal(1, shared.Count("http.client.request.duration"));
        Assert.DoesNotContain(own.Points, static point => point.Instrument.StartsWith("http.", StringComparison.Ordinal));
        Assert.Equal(1, own.Sum("warmwire.client.dials"));
        Assert.All(shared.Points, static point => Assert.StartsWith("http.", point.Instrument, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_program_that_subscribes_to_our_meter_alone_keeps_what_it_had()
    {
        using var meters = new TestMeterFactory();
        using var own = new MetricCollector(meters);
        await PlayAsync(new PooledHttpHandler { UseProxy = false, MeterFactory = meters });
        Assert.Equal(1, own.Count("http.client.request.duration"));
        Assert.Equal(2, own.Count("http.client.active_requests"));
        Assert.Equal(1, own.Count("http.client.connection.duration"));
        Assert.Equal(1, own.Count("http.client.request.time_in_queue"));
        Assert.Equal(0, own.Sum("http.client.open_connections"));
    }

    [Theory]
    [InlineData("System.Net.Http", "Warmwire", "System.Net.Http")]
    [InlineData("Warmwire", "Warmwire", "Warmwire")]
    public async Task A_request_has_one_activity_however_many_listen(string one, string other, string expected)
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == one || source.Name == other,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        int port = await PlayAsync(new PooledHttpHandler { UseProxy = false });
        Activity activity = Assert.Single(stopped, activity => Equals(activity.GetTagItem("server.port"), port));
        Assert.Equal(expected, activity.Source.Name);
        Assert.Equal("System.Net.Http.HttpRequestOut", activity.OperationName);
        Assert.Equal("GET", activity.DisplayName);
    }

    // As dotnet-counters does, which comes while the program runs.
    [Fact]
    public Task A_listener_that_comes_later_does_not_hear_of_the_end_of_what_it_was_not_told() => ParityScenario.AssertAsync(
        async stage =>
        {
            using var meters = new TestMeterFactory();
            await using var server = new ParityServer(static _ => Reply.Ok());
            HttpMessageHandler handler = stage.Create(new { MeterFactory = meters });
            using var client = new HttpClient(handler);
            await client.GetStringAsync(server.Uri);
            using var metrics = new MetricCollector(meters, "System.Net.Http");
            await client.GetStringAsync(server.Uri);
            handler.Dispose();
            stage.Outcome.Tell("open connections", metrics.Sum("http.client.open_connections"));
            stage.Outcome.Tell("measurements of them", metrics.Count("http.client.open_connections"));
            stage.Outcome.Tell("active requests", metrics.Sum("http.client.active_requests"));
            stage.Outcome.Tell("durations", metrics.Count("http.client.request.duration"));
        },
        ("open connections", 0));

    [Theory]
    [InlineData("http://server.test/")]
    [InlineData("http://server.test:81/")]
    public Task The_time_in_queue_has_the_port_where_it_has_it_in_NET(string uri) => ParityScenario.AssertAsync(async stage =>
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters, "System.Net.Http");
        using var client = new HttpClient(stage.CreateOverMemory(new { MeterFactory = meters }));
        Task<string> sending = client.GetStringAsync(uri);
        await using Stream server = (await stage.Network.AcceptAsync()).End.Stream;
        await RawPeer.ReadHeadAsync(server, default);
        await RawPeer.WriteAsync(server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", default);
        await sending;
        MetricPoint point = Assert.Single(metrics.Of("http.client.request.time_in_queue"));
        stage.Outcome.Tell("tags", string.Join(' ', point.Tags.OrderBy(static tag => tag.Key, StringComparer.Ordinal)));
    });

    [Theory]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(503)]
    public Task Callbacks_of_HttpMetricsEnrichmentContext_add_their_tags(int status) => ParityScenario.AssertAsync(async stage =>
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters, "System.Net.Http");
        await using var server = new ParityServer(request => request.StartsWith("GET / ", StringComparison.Ordinal)
            ? Reply.With($"{status} X", "body", "Location: /next")
            : Reply.Ok());
        using HttpMessageInvoker invoker = stage.Invoker(new { MeterFactory = meters });
        using HttpRequestMessage request = ParityStage.Get(server.Uri);
        HttpMetricsEnrichmentContext.AddCallback(request, context => context.AddCustomTag("status", (int)context.Response!.StatusCode));
        HttpMetricsEnrichmentContext.AddCallback(
            request, context => context.AddCustomTag("about", $"{context.Request.Method} {context.Exception is null}"));
        using HttpResponseMessage response = await invoker.SendAsync(request, default);
        stage.Outcome.Tell("tags", string.Join(
            "; ",
            metrics.Of("http.client.request.duration").Select(
                static point => $"{point.Tags.GetValueOrDefault("status")} {point.Tags.GetValueOrDefault("about")}")));
    });

    [Fact]
    public async Task A_callback_that_throws_costs_its_own_tags_only()
    {
        Assert.True(MetricsEnrichment.IsKnown);
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters, "System.Net.Http");
        await using var server = new ParityServer(static _ => Reply.Ok());
        using var invoker = new HttpMessageInvoker(new PooledHttpHandler { UseProxy = false, MeterFactory = meters });
        using HttpRequestMessage request = ParityStage.Get(server.Uri);
        HttpMetricsEnrichmentContext.AddCallback(request, static _ => throw new InvalidOperationException("the callback's own fault"));
        HttpMetricsEnrichmentContext.AddCallback(request, static context => context.AddCustomTag("own", "tag"));
        using HttpResponseMessage response = await invoker.SendAsync(request, default);
        Assert.Equal(1, metrics.Count("http.client.request.duration", ("own", "tag"), ("http.response.status_code", 200)));
    }

    // .NET makes no activities for a handler that writes no trace.
    [Fact]
    public Task Without_a_propagator_there_are_no_activities_and_no_events() => ParityScenario.AssertAsync(
        async stage =>
        {
            int events = 0;
            await using var server = new ParityServer(static _ => Reply.Ok());
            using var activities = new ActivityCollector(
                activity => Equals(activity.GetTagItem("server.port"), server.Port), "System.Net.Http");
            using var diagnostics = new DiagnosticEvents((_, payload) =>
            {
                if (DiagnosticEvents.Property(payload, "Request") is HttpRequestMessage { RequestUri: { } uri } && uri.Port == server.Port)
                {
                    Interlocked.Increment(ref events);
                }
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            stage.Outcome.Tell("activities", activities.Stopped.Count);
            stage.Outcome.Tell("events", events);
        },
        ("activities", 0));

    // A subscriber alone, as older instrumentations are, gets an activity although no source makes one, and reads its duration at the end.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task Subscribers_of_events_have_an_activity_with_its_duration(bool wantsActivity) => ParityScenario.AssertAsync(async stage =>
    {
        var told = new ConcurrentQueue<string>();
        await using var server = new ParityServer(static _ => Reply.Ok());
        using var diagnostics = new DiagnosticEvents(
            (name, payload) =>
            {
                if (DiagnosticEvents.Property(payload, "Request") is HttpRequestMessage { RequestUri: { } uri } && uri.Port == server.Port)
                {
                    Activity? current = Activity.Current;
                    told.Enqueue($"{name} {current?.DisplayName} {current?.GetTagItem("http.response.status_code")} "
                        + $"{current?.Duration > TimeSpan.Zero} {DiagnosticEvents.Property(payload, "RequestTaskStatus")}");
                }
            },
            name => wantsActivity || name != "System.Net.Http.HttpRequestOut");
        using HttpMessageInvoker invoker = stage.Invoker(
            new { ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator() });
        using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
        stage.Outcome.Tell("events", string.Join("; ", told));
        stage.Outcome.Tell("trace", server.Requests[0].Contains("traceparent: ", StringComparison.Ordinal));
    });

    private static async Task<int> PlayAsync(PooledHttpHandler handler)
    {
        await using var server = new ParityServer(static _ => Reply.Ok());
        using (var client = new HttpClient(handler))
        {
            await client.GetStringAsync(server.Uri);
        }

        return server.Port;
    }
}
