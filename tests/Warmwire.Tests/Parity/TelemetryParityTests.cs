using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// Who swaps the type keeps the telemetry: the handler speaks under the names of System.Net.Http, with the same units, tags and counts.
/// </summary>
[Collection(nameof(TelemetryParityTests))]
[CollectionDefinition(nameof(TelemetryParityTests), DisableParallelization = true)]
public sealed class TelemetryParityTests
{
    private static readonly string[] s_instruments =
    [
        "http.client.active_requests", "http.client.connection.duration", "http.client.open_connections", "http.client.request.duration",
        "http.client.request.time_in_queue",
    ];

    public static TheoryData<string> Scenarios =>
        ["one", "three", "404", "500 to POST", "refused", "closed", "timeout", "queued", "redirect"];

    [Theory]
    [MemberData(nameof(Scenarios))]
    [Trait("Issue10", "L1-meter-system-net-http")]
    public Task The_meter_System_Net_Http_has_the_same_instruments_tags_and_counts(string scenario) =>
        ParityScenario.AssertAsync(async stage =>
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters, "System.Net.Http");
        await PlayAsync(stage, scenario, new { MeterFactory = meters });
        TellMeasurements(stage, metrics.Points);
    });

    [Theory]
    [InlineData("three")]
    [InlineData("closed")]
    [Trait("Issue10", "L2-meter-process-wide")]
    public Task Without_a_factory_the_meter_of_the_process_has_them(string scenario) => ParityScenario.AssertAsync(async stage =>
    {
        using var metrics = new MetricCollector(factory: null, "System.Net.Http");
        int port = await PlayAsync(stage, scenario);
        TellMeasurements(stage, [.. metrics.Points.Where(point => point.Has(("server.port", port)))]);
    });

    [Fact]
    [Trait("Issue10", "L3-instrument-units")]
    public Task Instruments_have_the_same_kinds_units_and_descriptions() => ParityScenario.AssertAsync(async stage =>
    {
        using var meters = new TestMeterFactory();
        var instruments = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == "System.Net.Http" && instrument.Meter.Scope == meters)
                {
                    instruments[instrument.Name] =
                        $"{instrument.GetType().Name} of {instrument.GetType().GenericTypeArguments[0].Name}, {instrument.Unit}";
                }
            },
        };
        listener.Start();
        await PlayAsync(stage, "one", new { MeterFactory = meters });
        foreach (string name in s_instruments)
        {
            stage.Outcome.Tell(name, instruments.GetValueOrDefault(name, "(no such instrument)"));
        }
    });

    [Fact]
    [Trait("Issue10", "L4-time-in-queue")]
    public Task Time_in_queue_is_recorded_only_for_requests_that_queued() => ParityScenario.AssertAsync(async stage =>
    {
        using var meters = new TestMeterFactory();
        string meter = stage.IsOurs ? "Warmwire" : "System.Net.Http"; // under our own name too, percentiles must not become 0
        using var metrics = new MetricCollector(meters, meter);
        await PlayAsync(stage, "three", new { MeterFactory = meters });
        stage.Outcome.TellAtMost("measurements of three requests that follow each other",
            metrics.Count("http.client.request.time_in_queue"));
    });

    [Theory]
    [MemberData(nameof(Scenarios))]
    [Trait("Issue10", "L5-activity")]
    public Task Activities_of_the_source_System_Net_Http_are_the_same(string scenario) => ParityScenario.AssertAsync(async stage =>
    {
        using var activities = new ActivityCollector(source: "System.Net.Http");
        using var ours = new ActivityCollector(source: "Warmwire");
        int port = await PlayAsync(stage, scenario,
            new { ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator() });
        await Eventually.IsTrue(() => activities.Started.Count == activities.Stopped.Count, "every activity ends");
        Activity[] own = [.. activities.Stopped.Where(
            activity => Tag(activity, "server.port") == port.ToString(CultureInfo.InvariantCulture))];
        Activity[] doubled = [.. ours.Stopped.Where(activity => Tag(activity, "server.port") == port.ToString(CultureInfo.InvariantCulture)
            && activity.Kind == ActivityKind.Client)];
        stage.Outcome.Tell("client activities", own.Length + doubled.Length);
        foreach ((string line, int index) in own.Select(Describe).Order(StringComparer.Ordinal).Select((line, index) => (line, index)))
        {
            stage.Outcome.Tell($"activity {index}", line.Replace($"{port}", "PORT", StringComparison.Ordinal));
        }
    });

    // What instrumentation of OpenTelemetry and Application Insights enriches from.
    [Theory]
    [InlineData("one")]
    [InlineData("404")]
    [InlineData("refused")]
    [InlineData("closed")]
    [InlineData("timeout")]
    [Trait("Issue10", "L6-diagnostic-listener")]
    public Task HttpHandlerDiagnosticListener_writes_the_same_events(string scenario) => ParityScenario.AssertAsync(async stage =>
    {
        var events = new ConcurrentQueue<(string Name, object? Payload)>();
        using var diagnostics = new DiagnosticEvents((name, payload) => events.Enqueue((name, payload)));
        int port = await PlayAsync(stage, scenario,
            new { ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator() });
        string[] lines =
        [
            .. events.Where(entry => DiagnosticEvents.Property(entry.Payload, "Request") is HttpRequestMessage { RequestUri: { } uri }
                && uri.Port == port).Select(
                entry => $"{entry.Name}({string.Join(
                    ", ", entry.Payload!.GetType().GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal))})"),
        ];
        stage.Outcome.Tell("events", string.Join(", ", lines));
    });

    [Fact]
    [Trait("Issue10", "L7-traceparent")]
    public Task The_header_traceparent_names_the_activity_of_the_request() => ParityScenario.AssertAsync(
        async stage =>
        {
            using var activities = new ActivityCollector(source: "System.Net.Http");
            string? head = null;
            await using var server = new RawServer(async (stream, _, token) =>
            {
                head = await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", token);
                await RawPeer.CountAsync(stream, 1, token);
            });
            using HttpMessageInvoker invoker =
                stage.Invoker(new { ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator() });
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            Activity? own = activities.Stopped.SingleOrDefault(
                activity => Tag(activity, "server.port") == server.Port.ToString(CultureInfo.InvariantCulture));
            stage.Outcome.Tell("named", own is not null && head!.Contains(own.SpanId.ToHexString(), StringComparison.Ordinal));
        },
        ("named", true));

    private static string? Tag(Activity activity, string key) => Convert.ToString(activity.GetTagItem(key), CultureInfo.InvariantCulture);

    private static string Describe(Activity activity) =>
        $"{activity.OperationName}/{activity.DisplayName}/{activity.Kind}/{activity.Status}/"
        + string.Join(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal))
        + string.Concat(activity.Events.Select(
            entry => $"/event {entry.Name} {entry.Tags.FirstOrDefault(tag => tag.Key == "exception.type").Value}"))
            .Replace("Warmwire.TransportException", "System.Net.Http.HttpRequestException", StringComparison.Ordinal);

    private static void TellMeasurements(ParityStage stage, IReadOnlyList<MetricPoint> points)
    {
        // .NET calls a connection idle before its first request, and says ::ffff:127.0.0.1 of an IPv4 peer: both are left out.
        var groups = points.Where(point => s_instruments.Contains(point.Instrument) && point.Instrument != "http.client.open_connections")
            .GroupBy(point => $"{point.Instrument} {string.Join(' ', point.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal)
                .Where(tag => tag.Key is not ("server.port" or "network.peer.address")).Select(tag => $"{tag.Key}={tag.Value}"))}");
        foreach (IGrouping<string, MetricPoint> group in groups)
        {
            stage.Outcome.Tell(group.Key, group.Count());
        }
    }

    /// <summary>Plays it, ends the handler, and returns the server's port.</summary>
    private static async Task<int> PlayAsync(ParityStage stage, string scenario, object? settings = null)
    {
        // Answers wait until all requests that are to queue are in the queue.
        using var inQueue = new ManualResetEventSlim(scenario != "queued");
        await using var server = new ParityServer(request => scenario switch
        {
            "queued" when inQueue.Wait(Guard.Limit) => Reply.Ok(),
            "404" => Reply.With("404 Not Found", "no"),
            "500 to POST" => Reply.With("500 Internal Server Error", "no"),
            "closed" => Reply.Nothing,
            "timeout" => "",
            "redirect" when request.StartsWith("GET / ", StringComparison.Ordinal) => Reply.With("302 Found", "", "Location: /next"),
            _ => Reply.Ok(),
        });
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int refused = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        int port = scenario == "refused" ? refused : server.Port;
        HttpMessageHandler handler = stage.Create(settings);
        if (scenario == "queued")
        {
            handler.GetType().GetProperty(nameof(SocketsHttpHandler.MaxConnectionsPerServer))!.SetValue(handler, 1);
        }

        using (var client = new HttpClient(handler))
        {
            client.Timeout = TimeSpan.FromMilliseconds(scenario == "timeout" ? 200 : 10_000);
            var uri = new Uri($"http://127.0.0.1:{port}/");
            int count = scenario is "three" or "queued" ? 3 : 1;
            Task[] sending = new Task[count];
            for (int i = 0; i < count; i++)
            {
                sending[i] = scenario is "500 to POST" or "closed" ? client.PostAsync(uri, new StringContent("x")) : client.GetAsync(uri);
                if (scenario != "queued")
                {
                    await sending[i].ContinueWith(_ => { }, TaskScheduler.Default);
                }
                else if (i == 0)
                {
                    await Eventually.IsTrue(() => server.Requests.Count == 1, "the first has the connection");
                }
            }

            inQueue.Set();
            await Task.WhenAll(sending).ContinueWith(task => _ = task.Exception, TaskScheduler.Default);
        }

        return port;
    }
}
