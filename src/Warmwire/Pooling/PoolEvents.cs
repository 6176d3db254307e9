using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>What happens in the pool, told to metrics and the log. Never called under a lock.</summary>
internal sealed class PoolEvents
{
    private readonly TransportMetrics _metrics;
    private readonly TimeProvider _time;

    public PoolEvents(TransportMetrics metrics, TimeProvider time)
    {
        _metrics = metrics;
        _time = time;
    }

    private static WarmwireEventSource Log => WarmwireEventSource.Log;

    public static void Queued(Route key, int ahead)
    {
        if (Log.IsEnabled())
        {
            Log.RequestQueued(key.Origin, ahead);
        }
    }

    public void Leased(HttpConnection connection, Attempt attempt, bool reused)
    {
        if (_metrics.MeasuresLeases)
        {
            _metrics.RequestLeased(Describe(connection), attempt.Request.Method, attempt.Lease.QueueTime, reused);
        }

        if (attempt.Replays > 0)
        {
            _metrics.Replayed(Describe(connection));
            Log.RequestReplayed(connection.Key.Origin, attempt.Replays, connection.Id);
        }
    }

    /// <summary>It failed or was given up while it waited.</summary>
    public void LeftQueue(Route key, Attempt attempt, TimeSpan waited) => _metrics.RequestLeftQueue(Describe(key), attempt.Request.Method, waited);

    public void DialStarted(Route key, DialReason reason)
    {
        _metrics.DialStarted(Describe(key), reason);
        if (Log.IsEnabled())
        {
            Log.DialStarted(key.Origin, reason.ToString());
        }
    }

    public void DialFailed(Route key, DialReason reason, TransportException error)
    {
        _metrics.DialFailed(Describe(key), reason);
        Log.DialFailed(key.Origin, reason.ToString(), error.Phase.ToString(), error.Message);
    }

    public void Opened(HttpConnection connection, DialReason reason)
    {
        _metrics.ActiveChanged(Describe(connection), 1);
        if (Log.IsEnabled())
        {
            DialedStream dialed = connection.Dialed;
            Log.ConnectionOpened(connection.Key.Origin, connection.Id, reason.ToString(), connection.RemoteEndPoint?.ToString() ?? "",
                dialed.DnsTime.TotalMilliseconds, dialed.ConnectTime.TotalMilliseconds, dialed.TlsTime.TotalMilliseconds);
        }
    }

    /// <summary>A place on a multiplexed connection was taken.</summary>
    public void PlaceTaken(in TakenConnection taken)
    {
        if (taken.FromRest)
        {
            LeftIdle(taken.Connection);
        }

        StreamsChanged(taken.Connection, 1);
    }

    /// <summary>More or fewer exchanges are under way on a multiplexed connection.</summary>
    public void StreamsChanged(HttpConnection connection, int change)
    {
        if (change != 0 && _metrics.MeasuresStreams)
        {
            _metrics.StreamsChanged(Describe(connection), change);
        }
    }

    public void CameToRest(HttpConnection connection)
    {
        if (_metrics.MeasuresConnections)
        {
            MetricOrigin origin = Describe(connection);
            _metrics.ActiveChanged(origin, -1);
            _metrics.IdleChanged(origin, 1);
        }
    }

    public void LeftIdle(HttpConnection connection)
    {
        if (_metrics.MeasuresConnections)
        {
            MetricOrigin origin = Describe(connection);
            _metrics.IdleChanged(origin, -1);
            _metrics.ActiveChanged(origin, 1);
        }
    }

    /// <param name="connection">The connection.</param>
    /// <param name="reason">Why it was closed.</param>
    /// <param name="wasIdle">Whether the last that <see cref="CameToRest"/> and <see cref="LeftIdle"/> said of it was that it rests.</param>
    public void Closed(HttpConnection connection, CloseReason reason, bool wasIdle)
    {
        if (wasIdle)
        {
            _metrics.IdleChanged(Describe(connection), -1);
        }
        else
        {
            _metrics.ActiveChanged(Describe(connection), -1);
        }

        TimeSpan age = _time.GetElapsedTime(connection.OpenedAt);
        _metrics.ConnectionClosed(Describe(connection), reason, age);
        if (Log.IsEnabled())
        {
            Log.ConnectionClosed(connection.Key.Origin, connection.Id, reason.ToString(), age.TotalMilliseconds);
        }
    }

    public void ResponseLeaked(HttpConnection connection, string? stack)
    {
        _metrics.ResponseLeaked(Describe(connection));
        Log.ResponseLeaked(connection.Key.Origin, connection.Id, stack ?? "");
    }

    public static void RefreshFailed(Route key, Exception error) => Log.NameRefreshFailed(key.Origin, error.Message);

    private static MetricOrigin Describe(HttpConnection connection) => Describe(connection.Key) with { PeerAddress = connection.PeerAddress, Version = TelemetryNames.Version(connection.HttpVersion) };

    private static MetricOrigin Describe(Route key) => new(key.IsTls ? "https" : "http", key.Host, key.Port, PeerAddress: null, VersionOf(key.Protocols));

    /// <summary>What its connections speak, where that is sure without any.</summary>
    private static string? VersionOf(ProtocolOffer protocols) => protocols switch
    {
        ProtocolOffer.Http1 => "1.1",
        ProtocolOffer.Http2 => "2",
        _ => null,
    };
}
