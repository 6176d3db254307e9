using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Warmwire.Diagnostics;

/// <summary>What is measured of limits that follow latency: each at the end of every window of time.</summary>
internal sealed class ConcurrencyMetrics(Meter meter)
{
    private readonly Gauge<long>? _limit = UserCode.Publish(() => meter.CreateGauge<long>(
        "warmwire.client.concurrency_limit", "{request}", "How many exchanges may be under way with an origin."));

    private readonly Gauge<long>? _inFlight = UserCode.Publish(() => meter.CreateGauge<long>(
        "warmwire.client.concurrency_in_flight", "{request}", "Exchanges under way with an origin that has such a limit."));

    private readonly Gauge<double>? _minLatency = UserCode.Publish(() => meter.CreateGauge<double>(
        "warmwire.client.concurrency_min_latency", "s", "Time from connection to head with few exchanges under way."));

    private readonly Gauge<double>? _sampledLatency = UserCode.Publish(() => meter.CreateGauge<double>(
        "warmwire.client.concurrency_sampled_latency", "s", "The same now."));

    public bool IsEnabled =>
        _limit is { Enabled: true }
        || _inFlight is { Enabled: true }
        || _minLatency is { Enabled: true }
        || _sampledLatency is { Enabled: true };

    public void Moved(ConcurrencySnapshot limit, in TagList tags)
    {
        UserCode.Record(_limit, limit.Limit, tags);
        UserCode.Record(_inFlight, limit.InFlight, tags);
        if (limit.MinLatency is { } min)
        {
            UserCode.Record(_minLatency, min.TotalSeconds, tags);
        }

        if (limit.SampledLatency is { } sampled)
        {
            UserCode.Record(_sampledLatency, sampled.TotalSeconds, tags);
        }
    }
}
