using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Warmwire.Diagnostics;

/// <summary>
/// What a handler measures: .NET's instruments under .NET's name, so that what reads those of <see cref="SocketsHttpHandler"/> reads these,
/// and under <c>Warmwire</c> what no other client counts. docs/metrics.md lists all.
/// </summary>
/// <remarks>
/// A program may have subscribed to <c>Warmwire</c> alone, and another to both. So that meter has .NET's instruments too where nobody
/// listens to .NET's name when the handler sends its first request, and no measurement is exported twice.
/// </remarks>
internal sealed class TransportMetrics
{
    public const string MeterName = "Warmwire";
    public const string SharedMeterName = "System.Net.Http";

    private static readonly Lazy<Meter> s_meter = new(static () => new ProcessMeter(MeterName));
    private static readonly Lazy<HttpClientInstruments> s_shared =
        new(static () => new HttpClientInstruments(new ProcessMeter(SharedMeterName)));

    private readonly HttpClientInstruments _shared;
    private readonly HttpClientInstruments? _own;
    private readonly Counter<long>? _dials;
    private readonly Counter<long>? _dialFailures;
    private readonly Counter<long>? _closed;
    private readonly Counter<long>? _reused;
    private readonly Counter<long>? _replays;
    private readonly Counter<long>? _leaks;
    private readonly Counter<long>? _refreshes;
    private readonly UpDownCounter<long>? _activeStreams;
    private readonly Histogram<double>? _allowances;

    /// <summary>Made for the first limit there is: most programs have none, and would pay for it as they start.</summary>
    private readonly Lazy<ConcurrencyMetrics> _limits;

    private TransportMetrics(HttpClientInstruments shared, Meter meter)
    {
        _shared = shared;
        _own = shared.HasListener ? null : new HttpClientInstruments(meter);
        _dials = Counter("warmwire.client.dials", "{connection}", "Connections begun to open, by reason.");
        _dialFailures = Counter(
            "warmwire.client.dial_failures", "{connection}", "Connections that could not be opened, by reason they were wanted.");
        _closed = Counter("warmwire.client.connections_closed", "{connection}", "Connections closed, by reason.");
        _reused = Counter("warmwire.client.requests", "{request}", "Exchanges given a connection, by whether it had served one before.");
        _replays = Counter("warmwire.client.replays", "{request}", "Exchanges sent again on another connection.");
        _leaks = Counter("warmwire.client.leaked_responses", "{response}", "Responses that were never disposed.");
        _refreshes = Counter("warmwire.client.name_refreshes", "{lookup}", "Names in use that were resolved again, by error.");
        _allowances = UserCode.Publish(() => meter.CreateHistogram<double>(
            "warmwire.client.allowance_used", "1", "The part of an allowance for frames that bring nothing that a server used, by frame."));
        _limits = new Lazy<ConcurrencyMetrics>(() => new ConcurrencyMetrics(meter));
        _activeStreams = UserCode.Publish(() => meter.CreateUpDownCounter<long>(
            "warmwire.client.active_streams", "{stream}", "Exchanges under way on HTTP/2 connections."));

        Counter<long>? Counter(string name, string unit, string description) =>
            UserCode.Publish(() => meter.CreateCounter<long>(name, unit, description));
    }

    /// <summary>The meter <c>Warmwire</c> of the process.</summary>
    public static Meter ProcessMeter => s_meter.Value;

    /// <summary>Adds tags to a measurement.</summary>
    public delegate void TagEnricher(ref TagList tags);

    /// <summary>Whether a listener wants what is measured when a request is given its connection.</summary>
    public bool MeasuresLeases => _reused is { Enabled: true };

    /// <summary>Whether a listener wants to know how long requests wait for a connection.</summary>
    public bool MeasuresTimeInQueue => _shared.MeasuresTimeInQueue || _own is { MeasuresTimeInQueue: true };

    /// <summary>Whether a listener wants to know of dials.</summary>
    public bool MeasuresDials => _dials is { Enabled: true };

    /// <summary>Whether a listener wants what is measured when a connection is closed.</summary>
    public bool MeasuresCloses =>
        _shared.MeasuresConnectionDurations || _own is { MeasuresConnectionDurations: true } || _closed is { Enabled: true };

    /// <summary>Whether a listener wants to know what servers use of their allowances.</summary>
    public bool MeasuresAllowances => _allowances is { Enabled: true };

    /// <summary>Whether a listener wants to know of limits that follow latency.</summary>
    public bool MeasuresLimits => _limits.Value.IsEnabled;

    public bool MeasuresStreams => _activeStreams is { Enabled: true };

    public bool MeasuresRequests => _shared.MeasuresRequests || _own is { MeasuresRequests: true };

    private bool MeasuresDurations => _shared.MeasuresDurations || _own is { MeasuresDurations: true };

    /// <summary>The meters that are told of a connection that is opened now.</summary>
    public CountingMeters CountingConnections =>
        (_shared.MeasuresOpenConnections ? CountingMeters.SystemNetHttp : CountingMeters.None)
        | (_own is { MeasuresOpenConnections: true } ? CountingMeters.Warmwire : CountingMeters.None);

    /// <summary>Of the handler's own meter factory, or of the process. Asked for when the handler sends its first request.</summary>
    public static TransportMetrics For(IMeterFactory? factory) => factory is null
        ? new TransportMetrics(s_shared.Value, s_meter.Value)
        : new TransportMetrics(new HttpClientInstruments(factory.Create(SharedMeterName)), factory.Create(MeterName));

    /// <summary>A request that had to wait, for a connection or a slot, has one or has given up.</summary>
    public void RequestLeftQueue(in MetricOrigin origin, HttpMethod method, TimeSpan queued)
    {
        if (!MeasuresTimeInQueue)
        {
            return;
        }

        // .NET's measurement has no port where it is the scheme's own, unlike its others.
        var tags = new TagList { { "url.scheme", origin.Scheme }, { "server.address", origin.Host } };
        if (!origin.HasDefaultPort)
        {
            tags.Add("server.port", origin.Port);
        }

        tags.Add("http.request.method", TelemetryNames.Method(method));
        AddVersion(ref tags, origin);
        _shared.RequestLeftQueue(queued.TotalSeconds, tags);
        _own?.RequestLeftQueue(queued.TotalSeconds, tags);
    }

    public void RequestLeased(in MetricOrigin origin, bool reused)
    {
        if (_reused is { Enabled: true })
        {
            TagList tags = Tags(origin);
            tags.Add("warmwire.connection.reused", reused);
            UserCode.Add(_reused, tags);
        }
    }

    /// <summary>A name was resolved again.</summary>
    /// <param name="origin">The origin that uses it.</param>
    /// <param name="error">What came of it, if it was in vain.</param>
    public void NameRefreshed(in MetricOrigin origin, Exception? error)
    {
        if (_refreshes is { Enabled: true })
        {
            TagList tags = Tags(origin);
            if (error is not null)
            {
                tags.Add("error.type", TelemetryNames.ErrorType(error));
            }

            UserCode.Add(_refreshes, tags);
        }
    }

    /// <summary>An HTTP/2 connection is closed; its server had used so much of an allowance at most.</summary>
    public void AllowanceUsed(in MetricOrigin origin, string frames, double part)
    {
        TagList tags = Tags(origin);
        tags.Add("warmwire.frames", frames);
        UserCode.Record(_allowances, part, tags);
    }

    public void LimitMoved(in MetricOrigin origin, ConcurrencySnapshot limit) => _limits.Value.Moved(limit, Tags(origin));

    public void Replayed(in MetricOrigin origin)
    {
        if (_replays is { Enabled: true })
        {
            UserCode.Add(_replays, Tags(origin));
        }
    }

    public void DialStarted(in MetricOrigin origin, DialReason reason) => Count(_dials, origin, "warmwire.dial.reason", reason);

    public void DialFailed(in MetricOrigin origin, DialReason reason) => Count(_dialFailures, origin, "warmwire.dial.reason", reason);

    public void ActiveChanged(in MetricOrigin origin, CountingMeters counting, int change) =>
        ConnectionsChanged(origin, counting, "active", change);

    public void IdleChanged(in MetricOrigin origin, CountingMeters counting, int change) =>
        ConnectionsChanged(origin, counting, "idle", change);

    public void StreamsChanged(in MetricOrigin origin, int change) => UserCode.Add(_activeStreams, change, ConnectionTags(origin));

    public void ConnectionClosed(in MetricOrigin origin, CloseReason reason, TimeSpan age)
    {
        TagList tags = ConnectionTags(origin);
        _shared.ConnectionClosed(age.TotalSeconds, tags);
        _own?.ConnectionClosed(age.TotalSeconds, tags);
        Count(_closed, origin, "warmwire.close.reason", reason);
    }

    public void ResponseLeaked(in MetricOrigin origin)
    {
        if (_leaks is { Enabled: true })
        {
            UserCode.Add(_leaks, Tags(origin));
        }
    }

    /// <summary>Counts a request in, and returns who was told.</summary>
    public CountingMeters RequestStarted(in MetricOrigin origin, HttpMethod method)
    {
        CountingMeters counting = (_shared.MeasuresActiveRequests ? CountingMeters.SystemNetHttp : CountingMeters.None)
            | (_own is { MeasuresActiveRequests: true } ? CountingMeters.Warmwire : CountingMeters.None);
        ActiveRequestsChanged(origin, method, counting, 1);
        return counting;
    }

    /// <param name="origin">Where it went.</param>
    /// <param name="method">Its method.</param>
    /// <param name="counting">What <see cref="RequestStarted"/> has returned.</param>
    /// <param name="duration">The time until the response's head, or until it failed.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="enrich">Adds the request's own tags to its duration.</param>
    public void RequestStopped(
        in MetricOrigin origin,
        HttpMethod method,
        CountingMeters counting,
        TimeSpan duration,
        in RequestOutcome outcome,
        TagEnricher? enrich)
    {
        ActiveRequestsChanged(origin, method, counting, -1);
        if (!MeasuresDurations)
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

        enrich?.Invoke(ref tags);
        _shared.RequestStopped(duration.TotalSeconds, tags);
        _own?.RequestStopped(duration.TotalSeconds, tags);
    }

    private void ActiveRequestsChanged(in MetricOrigin origin, HttpMethod method, CountingMeters counting, int change)
    {
        if (counting == CountingMeters.None)
        {
            return;
        }

        TagList tags = Tags(origin);
        tags.Add("http.request.method", TelemetryNames.Method(method));
        if (counting.HasFlag(CountingMeters.SystemNetHttp))
        {
            _shared.ActiveRequestsChanged(change, tags);
        }

        if (counting.HasFlag(CountingMeters.Warmwire))
        {
            _own!.ActiveRequestsChanged(change, tags);
        }
    }

    private void ConnectionsChanged(in MetricOrigin origin, CountingMeters counting, string state, int change)
    {
        if (counting == CountingMeters.None)
        {
            return;
        }

        TagList tags = ConnectionTags(origin);
        tags.Add("http.connection.state", state);
        if (counting.HasFlag(CountingMeters.SystemNetHttp))
        {
            _shared.OpenConnectionsChanged(change, tags);
        }

        if (counting.HasFlag(CountingMeters.Warmwire))
        {
            _own!.OpenConnectionsChanged(change, tags);
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
