using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Warmwire.Diagnostics;

/// <summary>The instruments of one meter that OpenTelemetry's conventions for HTTP clients know.</summary>
/// <remarks>
/// Collectors tell a stream by its name, unit and description. They are those of <see cref="SocketsHttpHandler"/>, so that a program with
/// handlers of both kinds has one stream of them, and not two that clash.
/// </remarks>
internal sealed class HttpClientInstruments
{
    // Bucket bounds as the conventions advise for durations of requests, and wider for connections.
    private static readonly InstrumentAdvice<double> s_requestBuckets = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    private static readonly InstrumentAdvice<double> s_connectionBuckets = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
    };

    private readonly UpDownCounter<long>? _openConnections;
    private readonly Histogram<double>? _connectionDuration;
    private readonly Histogram<double>? _timeInQueue;
    private readonly Histogram<double>? _requestDuration;
    private readonly UpDownCounter<long>? _activeRequests;

    public HttpClientInstruments(Meter meter)
    {
        _openConnections = UpDownCounter(
            "http.client.open_connections",
            "{connection}",
            "Number of outbound HTTP connections that are currently active or idle on the client.");
        _connectionDuration = Histogram(
            "http.client.connection.duration",
            "The duration of successfully established outbound HTTP connections.",
            s_connectionBuckets);
        _timeInQueue = Histogram(
            "http.client.request.time_in_queue",
            "The amount of time requests spent on a queue waiting for an available connection.",
            s_requestBuckets);
        _requestDuration = Histogram("http.client.request.duration", "Duration of HTTP client requests.", s_requestBuckets);
        _activeRequests = UpDownCounter(
            "http.client.active_requests", "{request}", "Number of outbound HTTP requests that are currently active on the client.");

        UpDownCounter<long>? UpDownCounter(string name, string unit, string description) =>
            UserCode.Publish(() => meter.CreateUpDownCounter<long>(name, unit, description));

        Histogram<double>? Histogram(string name, string description, InstrumentAdvice<double> advice) =>
            UserCode.Publish(() => meter.CreateHistogram(name, "s", description, tags: null, advice));
    }

    public bool HasListener =>
        MeasuresOpenConnections || MeasuresRequests || MeasuresTimeInQueue || MeasuresConnectionDurations;

    public bool MeasuresOpenConnections => _openConnections is { Enabled: true };

    public bool MeasuresConnectionDurations => _connectionDuration is { Enabled: true };

    public bool MeasuresTimeInQueue => _timeInQueue is { Enabled: true };

    public bool MeasuresActiveRequests => _activeRequests is { Enabled: true };

    public bool MeasuresDurations => _requestDuration is { Enabled: true };

    public bool MeasuresRequests => MeasuresDurations || MeasuresActiveRequests;

    public void RequestLeftQueue(double seconds, in TagList tags) => UserCode.Record(_timeInQueue, seconds, tags);

    public void OpenConnectionsChanged(int change, in TagList tags) => UserCode.Add(_openConnections, change, tags);

    public void ConnectionClosed(double seconds, in TagList tags)
    {
        if (_connectionDuration is { Enabled: true })
        {
            UserCode.Record(_connectionDuration, seconds, tags);
        }
    }

    public void ActiveRequestsChanged(int change, in TagList tags) => UserCode.Add(_activeRequests, change, tags);

    public void RequestStopped(double seconds, in TagList tags) => UserCode.Record(_requestDuration, seconds, tags);
}
