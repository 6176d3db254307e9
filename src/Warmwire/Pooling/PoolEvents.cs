using System.Collections.ObjectModel;
using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// What happens in the pool, told to metrics and the log: the one place where the pool runs code of listeners. Never called under a lock.
/// What a listener throws stays here, and each measurement is guarded alone, so that one that is lost does not take its counterpart along.
/// </summary>
/// <remarks>
/// What has no listener is not told at all: each <see cref="Tell"/> has code of its own, which a program that starts would compile.
/// </remarks>
internal sealed class PoolEvents
{
    private readonly TransportMetrics _metrics;
    private readonly TimeProvider _time;

    public PoolEvents(TransportMetrics metrics, TimeProvider time)
    {
        _metrics = metrics;
        _time = time;
    }

    /// <summary>Whether anybody is told of a dial that begins.</summary>
    public bool TellsOfDials => _metrics.MeasuresDials || Log.IsEnabled();

    /// <summary>The meters that are told of a connection that is opened now.</summary>
    public CountingMeters CountingConnections => _metrics.CountingConnections;

    private static WarmwireEventSource Log => WarmwireEventSource.Log;

    public static void Queued(Route route, int ahead)
    {
        if (Log.IsEnabled())
        {
            Tell(static told => Log.RequestQueued(told.route.Origin, told.ahead), (route, ahead));
        }
    }

    /// <summary>A request waits, in the flow that calls. Returns its activity, if a listener wants one.</summary>
    public static Activity? StartWait(Route route) =>
        ConnectionActivities.AreWanted ? ConnectionActivities.StartWait(Describe(route)) : null;

    public static void WaitFailed(Activity? wait, Exception error) => ConnectionActivities.Failed(wait, error);

    public static void WaitSucceeded(Activity? wait) => ConnectionActivities.Succeeded(wait);

    /// <summary>A dial begins, in the flow that calls. Returns its activity, if a listener wants one.</summary>
    public static Activity? StartSetup(Route route) =>
        ConnectionActivities.AreWanted ? ConnectionActivities.StartSetup(Describe(route)) : null;

    public static void SetupFailed(Activity? setup, Exception error) => ConnectionActivities.Failed(setup, error);

    public static void SetupSucceeded(Activity? setup, HttpConnection connection) =>
        ConnectionActivities.Succeeded(setup, connection.PeerAddress);

    /// <summary>A request has its connection, in the flow that calls.</summary>
    public void Leased(HttpConnection connection, Attempt attempt, bool reused)
    {
        if (PooledConnection.Of(connection).Setup is { } setup)
        {
            ConnectionActivities.LinkCurrentRequest(setup.Value);
        }

        if (_metrics.MeasuresLeases)
        {
            Tell(static told => told._metrics.RequestLeased(Describe(told.connection), told.reused), (_metrics, connection, reused));
        }

        if (attempt.Replays > 0)
        {
            Tell(static told => told._metrics.Replayed(Describe(told.connection)), (_metrics, connection));
            Tell(static told => Log.RequestReplayed(told.connection.Route.Origin, told.attempt.Replays, told.connection.Id),
                (connection, attempt));
        }
    }

    /// <summary>A request had to wait, and has a connection now.</summary>
    public void LeftQueue(HttpConnection connection, Attempt attempt, TimeSpan waited)
    {
        if (_metrics.MeasuresTimeInQueue)
        {
            Tell(static told => told._metrics.RequestLeftQueue(Describe(told.connection), told.attempt.Request.Method, told.waited),
                (_metrics, connection, attempt, waited));
        }
    }

    /// <summary>A request had to wait, and failed or was given up.</summary>
    public void LeftQueue(Route route, Attempt attempt, TimeSpan waited)
    {
        if (_metrics.MeasuresTimeInQueue)
        {
            Tell(static told => told._metrics.RequestLeftQueue(Describe(told.route), told.attempt.Request.Method, told.waited),
                (_metrics, route, attempt, waited));
        }
    }

    public void DialStarted(Route route, DialReason reason)
    {
        if (_metrics.MeasuresDials)
        {
            Tell(static told => told._metrics.DialStarted(Describe(told.route), told.reason), (_metrics, route, reason));
        }

        if (Log.IsEnabled())
        {
            Tell(static told => Log.DialStarted(told.route.Origin, told.reason.ToString()), (route, reason));
        }
    }

    public void DialFailed(Route route, DialReason reason, TransportException error)
    {
        Tell(static told => told._metrics.DialFailed(Describe(told.route), told.reason), (_metrics, route, reason));
        Tell(static told => Log.DialFailed(told.route.Origin, told.reason.ToString(), told.error.Phase.ToString(), told.error.Message),
            (route, reason, error));
    }

    public void Opened(HttpConnection connection, DialReason reason)
    {
        if (CountedBy(connection) != CountingMeters.None)
        {
            Tell(static told => told._metrics.ActiveChanged(Describe(told.connection), CountedBy(told.connection), 1),
                (_metrics, connection));
        }

        if (Log.IsEnabled())
        {
            Tell(
                static told =>
                {
                    DialedStream dialed = told.connection.Dialed;
                    Log.ConnectionOpened(told.connection.Route.Origin, told.connection.Id, told.reason.ToString(),
                        told.connection.RemoteEndPoint?.ToString() ?? "",
                        dialed.DnsTime.TotalMilliseconds, dialed.ConnectTime.TotalMilliseconds, dialed.TlsTime.TotalMilliseconds);
                },
                (connection, reason));
        }
    }

    /// <summary>A slot of a multiplexed connection was taken.</summary>
    public void SlotTaken(in TakenConnection taken)
    {
        if (taken.FromIdle)
        {
            LeftIdle(taken.Pooled.Connection);
        }

        SlotsChanged(taken.Pooled.Connection, 1);
    }

    /// <summary>More or fewer exchanges are under way on a multiplexed connection.</summary>
    public void SlotsChanged(HttpConnection connection, int change)
    {
        if (change != 0 && _metrics.MeasuresStreams)
        {
            Tell(static told => told._metrics.StreamsChanged(Describe(told.connection), told.change), (_metrics, connection, change));
        }
    }

    public void BecameIdle(HttpConnection connection) => MovedIdle(connection, 1);

    public void LeftIdle(HttpConnection connection) => MovedIdle(connection, -1);

    /// <param name="connection">The connection.</param>
    /// <param name="reason">Why it was closed.</param>
    /// <param name="wasIdle">Whether the last that <see cref="BecameIdle"/> and <see cref="LeftIdle"/> said of it was that it is
    /// idle.</param>
    public void Closed(HttpConnection connection, CloseReason reason, bool wasIdle)
    {
        bool isCounted = CountedBy(connection) != CountingMeters.None;
        if (isCounted && wasIdle)
        {
            Tell(static told => told._metrics.IdleChanged(Describe(told.connection), CountedBy(told.connection), -1),
                (_metrics, connection));
        }
        else if (isCounted)
        {
            Tell(static told => told._metrics.ActiveChanged(Describe(told.connection), CountedBy(told.connection), -1),
                (_metrics, connection));
        }

        if (connection.IsMultiplexed && (_metrics.MeasuresAllowances || Log.IsEnabled()))
        {
            TellAllowances(connection);
        }

        TimeSpan age = _time.GetElapsedTime(connection.OpenedAt);
        if (_metrics.MeasuresCloses)
        {
            Tell(static told => told._metrics.ConnectionClosed(Describe(told.connection), told.reason, told.age),
                (_metrics, connection, reason, age));
        }

        if (Log.IsEnabled())
        {
            Tell(
                static told => Log.ConnectionClosed(told.connection.Route.Origin, told.connection.Id, told.reason.ToString(),
                    told.age.TotalMilliseconds),
                (connection, reason, age));
        }
    }

    /// <summary>A limit of exchanges that follows latency was looked at anew.</summary>
    /// <param name="route">Its origin.</param>
    /// <param name="limit">What it is like.</param>
    /// <param name="isWorthTelling">Whether it has moved so far that the log is told.</param>
    public void LimitMoved(Route route, ConcurrencySnapshot limit, bool isWorthTelling)
    {
        if (_metrics.MeasuresLimits)
        {
            Tell(static told => told._metrics.LimitMoved(Describe(told.route), told.limit), (_metrics, route, limit));
        }

        if (isWorthTelling && Log.IsEnabled())
        {
            Tell(
                static told => Log.ConcurrencyLimitMoved(told.route.Origin, told.limit.Limit, told.limit.InFlight,
                    told.limit.MinLatency.GetValueOrDefault().TotalMilliseconds,
                    told.limit.SampledLatency.GetValueOrDefault().TotalMilliseconds),
                (route, limit));
        }
    }

    public void ResponseLeaked(HttpConnection connection, string? stack)
    {
        Tell(static told => told._metrics.ResponseLeaked(Describe(told.connection)), (_metrics, connection));
        Tell(static told => Log.ResponseLeaked(told.connection.Route.Origin, told.connection.Id, told.stack ?? ""), (connection, stack));
    }

    /// <summary>A name in use was resolved again, or could not be.</summary>
    public void Refreshed(Route route, Exception? error)
    {
        Tell(static told => told._metrics.NameRefreshed(Describe(told.route), told.error), (_metrics, route, error));
        if (error is not null)
        {
            Tell(static told => Log.NameRefreshFailed(told.route.Origin, told.error.Message), (route, error));
        }
    }

    private void TellAllowances(HttpConnection connection)
    {
        foreach ((string frames, double part) in connection.Vitals.Allowances ?? ReadOnlyDictionary<string, double>.Empty)
        {
            if (_metrics.MeasuresAllowances)
            {
                Tell(static told => told._metrics.AllowanceUsed(Describe(told.connection), told.frames, told.part),
                    (_metrics, connection, frames, part));
            }

            if (part * 100 >= PoolLimits.AllowanceWorthTelling)
            {
                Tell(static told => Log.AllowanceUsed(told.connection.Route.Origin, told.connection.Id, told.frames, told.part),
                    (connection, frames, part));
            }
        }
    }

    private void MovedIdle(HttpConnection connection, int change)
    {
        if (CountedBy(connection) != CountingMeters.None)
        {
            Tell(static told => told._metrics.ActiveChanged(Describe(told.connection), CountedBy(told.connection), -told.change),
                (_metrics, connection, change));
            Tell(static told => told._metrics.IdleChanged(Describe(told.connection), CountedBy(told.connection), told.change),
                (_metrics, connection, change));
        }
    }

    private static CountingMeters CountedBy(HttpConnection connection) => PooledConnection.Of(connection).CountedBy;

    private static void Tell<T>(Action<T> tell, T what)
    {
        // Story: a listener sends a request and waits for it, on the thread that is taking a step. What that request needs must not wait
        // behind the step.
        StepQueue? queue = StepQueue.Leave();
        UserCode.Tell(tell, what);
        StepQueue.Return(queue);
    }

    private static MetricOrigin Describe(HttpConnection connection) =>
        Describe(connection.Route) with { PeerAddress = connection.PeerAddress, Version = TelemetryNames.Version(connection.HttpVersion) };

    private static MetricOrigin Describe(Route route) =>
        new(route.IsTls ? "https" : "http", route.ServerName ?? route.Host, route.Port, PeerAddress: null, VersionOf(route.Protocols));

    /// <summary>What a request without a connection waited for: as in .NET the higher version, where the server has not chosen.</summary>
    private static string VersionOf(ProtocolOffer protocols) => protocols == ProtocolOffer.Http1 ? "1.1" : "2";
}
