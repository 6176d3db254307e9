using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>
/// Sends the metrics of a run to an OpenTelemetry collector (<c>--otlp</c>) by OpenTelemetry's own exporter, every few seconds while it
/// runs and once more at its end. Latencies are recorded when their second has ended, so that no request waits for it.
/// </summary>
internal sealed class OtlpMetrics : ISecondObserver, IDisposable
{
    public const string MeterName = "Warmwire.Quick";

    private const int ExportIntervalMilliseconds = 5000;
    private const int TimeoutMilliseconds = 5000;
    private const string Duration = "warmwire.quick.request.duration";

    private readonly Uri _url;
    private readonly Meter _meter = new(MeterName, ToolResult.Current.Version);
    private readonly MeterProvider _provider;
    private readonly Counter<long> _started;
    private readonly Counter<long> _responses;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _opened;
    private readonly Counter<long> _closed;
    private readonly Gauge<long> _open;
    private readonly Histogram<double> _duration;

    /// <param name="url">Of the collector, which is spoken to with protobuf over HTTP.</param>
    /// <param name="settings">What is run.</param>
    public OtlpMetrics(Uri url, QuickSettings settings)
    {
        _url = url;
        _started = _meter.CreateCounter<long>("warmwire.quick.arrivals", "{arrival}", "Arrivals that were started.");
        _responses = _meter.CreateCounter<long>("warmwire.quick.responses", "{response}", "Complete responses.");
        _errors = _meter.CreateCounter<long>("warmwire.quick.errors", "{request}", "Requests without a complete response.");
        _opened = _meter.CreateCounter<long>("warmwire.quick.connections.opened", "{connection}", "Connections that were opened.");
        _closed = _meter.CreateCounter<long>("warmwire.quick.connections.closed", "{connection}", "Connections that were closed.");
        _open = _meter.CreateGauge<long>("warmwire.quick.connections.open", "{connection}", "Connections open at the end of a second.");
        _duration = _meter.CreateHistogram<double>(
            Duration, "s", settings.Users is null ? "Corrected latency: from when a request was due." : LatencyFigures.OfClosedLoop);
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource
                .AddService("warmwire", serviceVersion: ToolResult.Current.Version)
                .AddAttributes(
                [
                    new("warmwire.target.url", settings.Url.ToString()), new("warmwire.target.method", settings.Method.Method),
                ]))
            .AddMeter(MeterName)
            .AddView(Duration, new ExplicitBucketHistogramConfiguration { Boundaries = [.. LatencyBuckets.Bounds] })
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Endpoint = EndpointOf(url);
                exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                exporter.TimeoutMilliseconds = TimeoutMilliseconds;
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = ExportIntervalMilliseconds;
                reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = TimeoutMilliseconds;
            })
            .Build();
    }

    public void SecondEnded(long second, LiveInterval interval)
    {
        _started.Add(interval.Started);
        _responses.Add(interval.Responses);
        _errors.Add(interval.Errors);
        _opened.Add(interval.Opened);
        _closed.Add(interval.Closed);
        _open.Record(interval.Open);
        for (int i = 0; i < LatencyHistogram.Length; i++)
        {
            double seconds = LatencyHistogram.MiddleOf(i) / 1e9;
            for (long left = interval.Latencies.CountAt(i); left > 0; left--)
            {
                _duration.Record(seconds);
            }
        }
    }

    /// <exception cref="CommandFailure">The collector did not take the last export.</exception>
    public void Finish()
    {
        if (!_provider.ForceFlush(2 * TimeoutMilliseconds))
        {
            throw new CommandFailure(
                $"--otlp: {EndpointOf(_url)} did not take the metrics; collectors take OTLP over HTTP on port 4318", ExitCodes.CouldNotRun);
        }
    }

    public void Dispose()
    {
        _provider.Dispose();
        _meter.Dispose();
    }

    private static Uri EndpointOf(Uri url) => url.AbsolutePath == "/" ? new Uri(url, "/v1/metrics") : url;
}
