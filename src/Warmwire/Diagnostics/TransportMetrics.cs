using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Warmwire.Diagnostics;

/// <summary>Where a measurement belongs; the version is a connection's, as telemetry shows it.</summary>
internal readonly record struct MetricOrigin(string Scheme, string Host, int Port, string? PeerAddress, string? Version = null);

/// <summary>
/// The instruments of the meter <c>Warmwire</c>. Names and attributes of those that OpenTelemetry's semantic conventions for HTTP clients
/// know are theirs; docs/metrics.md lists all.
/// </summary>
internal sealed class TransportMetrics
{
    public const string MeterName = "Warmwire";

    private static readonly Lazy<TransportMetrics> s_shared = new(static () => new TransportMetrics(new Meter(MeterName)));

    private readonly UpDownCounter<long>? _openConnections;
    private readonly Histogram<double>? _connectionDuration;
    private readonly Histogram<double>? _timeInQueue;
    private readonly Histogram<double>? _requestDuration;
    private readonly UpDownCounter<long>? _activeRequests;
    private readonly Counter<long>? _dials;
    private readonly Counter<long>? _dialFailures;
    private readonly Counter<long>? _closed;
    private readonly Counter<long>? _reused;
    private readonly Counter<long>? _replays;
    private readonly Counter<long>? _leaks;
    private readonly UpDownCounter<long>? _activeStreams;

    private TransportMetrics(Meter meter)
    {
        // Bucket bounds as the conventions advise for durations of requests, and wider for connections.
        var requestBuckets = new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        };
        var connectionBuckets = new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
        };

        _openConnections = UpDownCounter(
            "http.client.open_connections", "{connection}", "Open connections, by what they do: active or idle.");
        _connectionDuration = Histogram("http.client.connection.duration", "How long connections were open.", connectionBuckets);
        _timeInQueue = Histogram("http.client.request.time_in_queue", "How long requests waited for a connection.", requestBuckets);
        _requestDuration = Histogram(
            "http.client.request.duration", "From the start of a request to the head of its response.", requestBuckets);
        _activeRequests = UpDownCounter("http.client.active_requests", "{request}", "Requests whose response's head has not arrived.");
        _dials = Counter("warmwire.client.dials", "{connection}", "Connections begun to open, by reason.");
        _dialFailures = Counter(
            "warmwire.client.dial_failures", "{connection}", "Connections that could not be opened, by reason they were wanted.");
        _closed = Counter("warmwire.client.connections_closed", "{connection}", "Connections closed, by reason.");
        _reused = Counter("warmwire.client.requests", "{request}", "Exchanges given a connection, by whether it had served one before.");
        _replays = Counter("warmwire.client.replays", "{request}", "Exchanges sent again on another connection.");
        _leaks = Counter("warmwire.client.leaked_responses", "{response}", "Responses that were never disposed.");
        _activeStreams = UpDownCounter("warmwire.client.active_streams", "{stream}", "Exchanges under way on HTTP/2 connections.");

        Counter<long>? Counter(string name, string unit, string description) =>
            UserCode.Publish(() => meter.CreateCounter<long>(name, unit, description));

        UpDownCounter<long>? UpDownCounter(string name, string unit, string description) =>
            UserCode.Publish(() => meter.CreateUpDownCounter<long>(name, unit, description));

        Histogram<double>? Histogram(string name, string description, InstrumentAdvice<double> advice) =>
            UserCode.Publish(() => meter.CreateHistogram(name, "s", description, tags: null, advice));
    }

    /// <summary>Whether a listener wants what is measured when a request is given its connection.</summary>
    public bool MeasuresLeases => _timeInQueue is { Enabled: true } || _reused is { Enabled: true };

    /// <summary>Whether a listener wants to know how many connections are active and idle.</summary>
    public bool MeasuresConnections => _openConnections is { Enabled: true };

    /// <summary>Whether a listener wants to know of dials.</summary>
    public bool MeasuresDials => _dials is { Enabled: true };

    /// <summary>Whether a listener wants what is measured when a connection is closed.</summary>
    public bool MeasuresCloses => _connectionDuration is { Enabled: true } || _closed is { Enabled: true };

    public bool MeasuresStreams => _activeStreams is { Enabled: true };

    public bool MeasuresRequests => _requestDuration is { Enabled: true } || _activeRequests is { Enabled: true };

    /// <summary>Of the handler's own meter factory, or of the process.</summary>
    public static TransportMetrics For(IMeterFactory? factory) =>
        factory is null ? s_shared.Value : new TransportMetrics(factory.Create(MeterName));

    public void RequestLeased(in MetricOrigin origin, HttpMethod method, TimeSpan queued, bool reused)
    {
        RequestLeftQueue(origin, method, queued);
        if (_reused is { Enabled: true })
        {
            TagList tags = Tags(origin);
            tags.Add("warmwire.connection.reused", reused);
            UserCode.Add(_reused, tags);
        }
    }

    /// <summary>With a connection or without.</summary>
    public void RequestLeftQueue(in MetricOrigin origin, HttpMethod method, TimeSpan queued)
    {
        if (_timeInQueue is { Enabled: true })
        {
            TagList tags = Tags(origin);
            tags.Add("http.request.method", TelemetryNames.Method(method));
            AddVersion(ref tags, origin);
            UserCode.Record(_timeInQueue, queued.TotalSeconds, tags);
        }
    }

    public void Replayed(in MetricOrigin origin)
    {
        if (_replays is { Enabled: true })
        {
            UserCode.Add(_replays, Tags(origin));
        }
    }

    public void DialStarted(in MetricOrigin origin, DialReason reason) => Count(_dials, origin, "warmwire.dial.reason", reason);

    public void DialFailed(in MetricOrigin origin, DialReason reason) => Count(_dialFailures, origin, "warmwire.dial.reason", reason);

    public void ActiveChanged(in MetricOrigin origin, int change) => ConnectionsChanged(origin, "active", change);

    public void IdleChanged(in MetricOrigin origin, int change) => ConnectionsChanged(origin, "idle", change);

    public void StreamsChanged(in MetricOrigin origin, int change) => UserCode.Add(_activeStreams, change, ConnectionTags(origin));

    public void ConnectionClosed(in MetricOrigin origin, CloseReason reason, TimeSpan age)
    {
        if (_connectionDuration is { Enabled: true })
        {
            UserCode.Record(_connectionDuration, age.TotalSeconds, ConnectionTags(origin));
        }

        Count(_closed, origin, "warmwire.close.reason", reason);
    }

    public void ResponseLeaked(in MetricOrigin origin)
    {
        if (_leaks is { Enabled: true })
        {
            UserCode.Add(_leaks, Tags(origin));
        }
    }

    /// <summary>
    /// Counts a request in. Returns whether it was, so that a listener that comes in between is not told of one end too many.
    /// </summary>
    public bool RequestStarted(in MetricOrigin origin, HttpMethod method)
    {
        bool counted = _activeRequests is { Enabled: true };
        if (counted)
        {
            ActiveRequestsChanged(origin, method, 1);
        }

        return counted;
    }

    /// <param name="origin">Where it went.</param>
    /// <param name="method">Its method.</param>
    /// <param name="counted">What <see cref="RequestStarted"/> has returned.</param>
    /// <param name="duration">The time until the response's head, or until it failed.</param>
    /// <param name="outcome">How it ended.</param>
    public void RequestStopped(in MetricOrigin origin, HttpMethod method, bool counted, TimeSpan duration, in RequestOutcome outcome)
    {
        if (counted)
        {
            ActiveRequestsChanged(origin, method, -1);
        }

        if (_requestDuration is not { Enabled: true })
        {
            return;
        }

        TagList tags = Tags(origin);
        tags.Add("http.request.method", TelemetryNames.Method(method));
        if (outcome.StatusCode is { } code)
        {
            tags.Add("http.response.status_code", code);
            tags.Add("network.protocol.version", TelemetryNames.Version(outcome.Version!));
        }

        if (outcome.ErrorType is { } errorType)
        {
            tags.Add("error.type", errorType);
        }

        UserCode.Record(_requestDuration, duration.TotalSeconds, tags);
    }

    private void ActiveRequestsChanged(in MetricOrigin origin, HttpMethod method, int change)
    {
        TagList tags = Tags(origin);
        tags.Add("http.request.method", TelemetryNames.Method(method));
        UserCode.Add(_activeRequests, change, tags);
    }

    private void ConnectionsChanged(in MetricOrigin origin, string state, int change)
    {
        if (_openConnections is { Enabled: true })
        {
            TagList tags = ConnectionTags(origin);
            tags.Add("http.connection.state", state);
            UserCode.Add(_openConnections, change, tags);
        }
    }

    private static void Count<T>(Counter<long>? counter, in MetricOrigin origin, string name, T reason)
        where T : struct, Enum
    {
        if (counter is { Enabled: true })
        {
            TagList tags = Tags(origin);
            tags.Add(name, reason.ToString());
            UserCode.Add(counter, tags);
        }
    }

    private static TagList ConnectionTags(in MetricOrigin origin)
    {
        TagList tags = Tags(origin);
        AddVersion(ref tags, origin);
        if (origin.PeerAddress is { } peer)
        {
            tags.Add("network.peer.address", peer);
        }

        return tags;
    }

    private static void AddVersion(ref TagList tags, in MetricOrigin origin)
    {
        if (origin.Version is { } version)
        {
            tags.Add("network.protocol.version", version);
        }
    }

    private static TagList Tags(in MetricOrigin origin) => new()
    {
        { "url.scheme", origin.Scheme },
        { "server.address", origin.Host },
        { "server.port", origin.Port },
    };
}
