using Warmwire.Connections;
using Warmwire.Pooling;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

public enum SharedAct
{
    Ask,
    AskShortWay,
    AskForHttp2Only,
    DialSucceeds,
    DialSucceedsWithHttp1,
    DialFails,
    ExchangeEnds,
    LimitChanges,
    Suspends,
    Resumes,
    Retires,
    Closes,
    AsksForHttp11,
    CallerCancels,
    NextLeaseIsRefused,
    TimePasses,
    CloseIdle,
}

/// <param name="Act">What happens.</param>
/// <param name="Pick">To whom, among those it can happen to; or how much of it.</param>
public sealed record SharedStep(SharedAct Act, int Pick)
{
    public override string ToString() => $"{Act} {Pick}";
}

public sealed record SharedWorld(int Origins, int PerServer, int Total, int Idle, int Limit, bool Multiple)
{
    public override string ToString() =>
        $"{Origins} origins, {PerServer} connections each, {Total} in all, {Idle} idle, {Limit} streams each, "
            + (Multiple ? "several connections" : "one connection");
}

/// <summary>Plays steps on a pool of multiplexed connections and checks what must hold after each.</summary>
internal sealed class SharedPoolSimulation : IDisposable
{
    private readonly SharedWorld _world;
    private readonly SharedRig _rig;
    private readonly List<Caller> _callers = [];
    private readonly Dictionary<HttpConnection, int> _suspended = [];
    private readonly HashSet<HttpConnection> _retired = [];
    private string? _broken;

    private SharedPoolSimulation(SharedWorld world)
    {
        _world = world;
        _rig = new SharedRig(
            settings =>
            {
                settings.MaxConnectionsPerServer = world.PerServer;
                settings.MaxConnections = world.Total;
                settings.MaxIdleConnections = world.Idle;
                settings.EnableMultipleHttp2Connections = world.Multiple;
                settings.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
            },
            holdDials: true,
            world.Limit)
        {
            OnMade = made => made.OnLease = Lease,
        };
    }

    public static async Task RunAsync(SharedWorld world, SharedStep[] steps)
    {
        using var simulation = new SharedPoolSimulation(world);
        foreach (SharedStep step in steps)
        {
            simulation.Play(step);
            simulation.Settle($"after {step}");
        }

        await simulation.EndAsync();
    }

    public void Dispose()
    {
        _rig.Dispose();
        _callers.ForEach(static caller => caller.Cancellation.Dispose());
    }

    private bool RefusesNext { get; set; }

    private bool Lease(StubMultiplexedConnection connection)
    {
        if (RefusesNext)
        {
            RefusesNext = false;
            return false;
        }

        // No other thread changes the limit while a step runs.
        if (connection.Leased >= connection.StreamLimit)
        {
            _broken ??= $"connection {connection.Id} was given {connection.Leased + 1} exchanges, its limit is {connection.StreamLimit}";
        }

        if (_suspended.GetValueOrDefault(connection) > 0 || _retired.Contains(connection) || connection.ClosedFor is not null)
        {
            _broken ??= $"connection {connection.Id} was given an exchange though it had said that it takes none";
        }

        return true;
    }

    private string HostOf(int pick) => pick % _world.Origins == 0 ? SharedRig.Host : "b.test";

    private IEnumerable<StubMultiplexedConnection> Open => _rig.Shared.Where(static connection => connection.ClosedFor is null);

    private void Play(SharedStep step)
    {
        switch (step.Act)
        {
            case SharedAct.Ask:
            case SharedAct.AskForHttp2Only:
                _callers.Add(new Caller(_rig, HostOf(step.Pick), step.Act == SharedAct.AskForHttp2Only));
                break;
            case SharedAct.AskShortWay:
                if (_rig.Pool.TryLeaseIdle(SharedRig.RouteTo(HostOf(step.Pick)), _rig.Attempt(), out HttpConnection? connection))
                {
                    _callers.Add(new Caller(connection));
                }

                break;
            case SharedAct.DialSucceeds:
                EndDial(http2: true, failure: null);
                break;
            case SharedAct.DialSucceedsWithHttp1:
                EndDial(http2: false, failure: null);
                break;
            case SharedAct.DialFails:
                EndDial(http2: true, new IOException("no route"));
                break;
            case SharedAct.ExchangeEnds:
                Pick(_callers.Where(static caller => caller.HasConnection), step.Pick, static caller => caller.End());
                break;
            case SharedAct.LimitChanges:
                Pick(Open, step.Pick, chosen => chosen.Limit(step.Pick % 4));

                // The next connections say it at once, or later.
                _rig.Limit = step.Pick % 3 == 0 ? -1 : Math.Max(1, _world.Limit);
                break;
            case SharedAct.Suspends:
                Pick(Open, step.Pick, chosen =>
                {
                    _suspended[chosen] = _suspended.GetValueOrDefault(chosen) + 1;
                    chosen.Suspend();
                });
                break;
            case SharedAct.Resumes:
                Pick(Open.Where(chosen => _suspended.GetValueOrDefault(chosen) > 0), step.Pick, chosen =>
                {
                    _suspended[chosen]--;
                    chosen.Resume();
                });
                break;
            case SharedAct.Retires:
                Pick(Open, step.Pick, chosen =>
                {
                    _retired.Add(chosen);
                    chosen.Retire();
                });
                break;
            case SharedAct.Closes:
                Pick(Open, step.Pick, static chosen => chosen.Close(CloseReason.ReadError));
                break;
            case SharedAct.AsksForHttp11:
                Pick(Open, step.Pick % 2 == 0 ? step.Pick : 0, static chosen => chosen.AskForHttp11());
                break;
            case SharedAct.CallerCancels:
                Pick(
                    _callers.Where(static caller => !caller.Connection.IsCompleted),
                    step.Pick,
                    static caller => caller.Cancellation.Cancel());
                break;
            case SharedAct.NextLeaseIsRefused:
                Refuse(step.Pick);
                break;
            case SharedAct.TimePasses:
                _rig.Time.Advance(TimeSpan.FromSeconds(step.Pick > 8 ? 45 : step.Pick));
                break;
            default:
                _rig.Pool.CloseIdleConnections();
                break;
        }
    }

    /// <summary>
    /// One asks and is turned away by the first connection it finds, which says afterwards that it was suspended, and that it is not any
    /// more.
    /// </summary>
    private void Refuse(int pick)
    {
        RefusesNext = true;
        _callers.Add(new Caller(_rig, HostOf(pick), http2Only: false));
        RefusesNext = false;
        foreach (StubMultiplexedConnection connection in Open.ToList())
        {
            connection.Suspend();
            connection.Resume();
        }
    }

    private void EndDial(bool http2, Exception? failure)
    {
        if (_rig.PendingDials == 0)
        {
            return;
        }

        _rig.Http2 = http2;
        int before = _rig.Pool.GetSnapshot().Origins.Sum(Ended);
        _rig.EndDial(failure);
        Assert.True(
            SpinWait.SpinUntil(() => _rig.Pool.GetSnapshot().Origins.Sum(Ended) > before, Guard.Limit),
            $"the dial does not end; {ThreadPool.PendingWorkItemCount} wait for one of {ThreadPool.ThreadCount} threads\n"
                + _rig.Pool.GetSnapshot());

        static int Ended(OriginSnapshot origin) => (int)(origin.ConnectionsOpened + origin.DialsFailed);
    }

    private static void Pick<T>(IEnumerable<T> from, int pick, Action<T> act)
    {
        T[] choice = [.. from];
        if (choice.Length > 0)
        {
            act(choice[pick % choice.Length]);
        }
    }

    /// <summary>
    /// Callers learn of their connections on other threads; what must hold is waited for, what must always hold is looked at all the while.
    /// </summary>
    private void Settle(string when)
    {
        string? unrest = null;
        SpinWait.SpinUntil(() => (unrest = Unrest(when)) is null, Guard.Limit);
        Assert.True(unrest is null, $"{when}: {unrest}\n{_rig.Pool.GetSnapshot()}");
        Assert.True(_broken is null, $"{when}: {_broken}");
    }

    private string? Unrest(string when)
    {
        PoolSnapshot snapshot = _rig.Pool.GetSnapshot();
        if (snapshot.Open + snapshot.Dialing > _world.Total)
        {
            // A dial is counted from its plan on, also for the moment in which it turns out that there is no slot for it.
            return "the total is passed";
        }

        foreach (OriginSnapshot origin in snapshot.Origins)
        {
            Assert.True(origin.Open + origin.Dialing <= _world.PerServer, $"{when}: the cap of an origin is passed\n{snapshot}");
            Assert.Equal(origin.ConnectionsOpened, origin.ClosedBy.Values.Sum() + origin.Open);
            Assert.Equal(
                origin.StreamsActive, origin.Connections.Where(static one => one.HttpVersion.Major == 2).Sum(static one => one.Streams));
        }

        if (snapshot.Dialing != _rig.PendingDials)
        {
            return $"{_rig.PendingDials} dials are under way";
        }

        // A sweep may be late by the least time between two.
        TimeSpan kept = PoolLimits.KeepSurplusIdle + PoolLimits.SweepSpacing;
        int idleForLong = snapshot.Origins.SelectMany(static origin => origin.Connections)
            .Count(one => one.State == "Idle" && one.IdleTime > kept);
        if (idleForLong > _world.Idle)
        {
            return $"{idleForLong} are idle for long";
        }

        int waiting = _callers.Count(static caller => !caller.Connection.IsCompleted);
        if (snapshot.Pending != waiting)
        {
            return $"{waiting} callers wait";
        }

        int held = _callers.Count(
            static caller => caller is { HasConnection: true, Connection.Result: StubMultiplexedConnection { ClosedFor: null } });
        int streams = snapshot.Origins.Sum(static origin => origin.StreamsActive);
        if (held != streams || Open.Sum(static connection => connection.Leased) != held)
        {
            return $"{held} exchanges are under way, {streams} slots are taken, "
            + $"{Open.Sum(static connection => connection.Leased)} are leased";
        }

        int busy = snapshot.Active;
        int inUse = _callers.Where(static caller => caller.HasConnection)
            .Select(static caller => caller.Connection.Result)
            .Distinct()
            .Count(IsOpen);
        if (busy != inUse)
        {
            return $"{busy} connections are busy, {inUse} serve";
        }

        return snapshot.Origins.Where(static origin => origin.Pending > 0)
            .Select(origin => WaitsForNothing(snapshot, origin))
            .FirstOrDefault(static found => found is not null);
    }

    private static bool IsOpen(HttpConnection connection) => connection switch
    {
        StubMultiplexedConnection shared => shared.ClosedFor is null,
        StubConnection single => single.ClosedFor is null,
        _ => false,
    };

    /// <summary>Nobody waits where a slot is free, nor where nothing is done for them that could be.</summary>
    private string? WaitsForNothing(PoolSnapshot snapshot, OriginSnapshot origin)
    {
        StubMultiplexedConnection[] usable =
            [.. Open.Where(connection => connection.Route.Origin == origin.Origin && Takes(connection))];
        if (usable.Any(static connection => connection.Leased < connection.StreamLimit))
        {
            return "somebody waits, and a slot is free";
        }

        if (usable.Length > 0
            && _rig.ToldHttp1(origin.Origin)
            && _callers.Where(caller =>
                    caller.Connection is { IsCompleted: false } && origin.Origin.Contains(caller.Host, StringComparison.Ordinal))
                .All(static caller => caller.NeedsHttp2))
        {
            // Where dials tell HTTP/1.1 by now, they wait for the streams there are.
            return null;
        }

        bool full =
            origin.Open + origin.Dialing == _world.PerServer || (snapshot.Open + snapshot.Dialing == _world.Total && snapshot.Idle == 0);
        return full || origin.Dialing > 0 || usable.Any(connection => !_world.Multiple || connection.StreamLimit is 0 or null)
            ? null
            : "somebody waits, and nothing is dialed";
    }

    /// <summary>As far as the connection itself has said; the pool may have retired it for its age or to make room.</summary>
    private bool Takes(StubMultiplexedConnection connection) =>
        PooledConnection.Of(connection).RetiredFor is null && _suspended.GetValueOrDefault(connection) == 0
            && !_retired.Contains(connection);

    /// <summary>Everybody does what they owe: then every request comes to its end, every connection idle, every count to zero.</summary>
    private async Task EndAsync()
    {
        _rig.Limit = 5;
        foreach (StubMultiplexedConnection connection in Open.ToList())
        {
            while (_suspended.GetValueOrDefault(connection) > 0)
            {
                _suspended[connection]--;
                connection.Resume();
            }

            connection.Limit(5);
        }

        for (int round = 0; _callers.Any(static caller => !caller.IsOver) || _rig.Pool.GetSnapshot().Dialing > 0; round++)
        {
            Assert.True(round < 1000, $"At the end requests are lost\n{_rig.Pool.GetSnapshot()}");
            EndDial(http2: round % 3 != 0, failure: null);
            foreach (Caller caller in _callers.Where(static caller => caller.HasConnection).ToList())
            {
                caller.End();
            }

            // Real time: a poll, which shall not keep a processor busy.
            await Task.Delay(round < 20 ? 0 : 1);
        }

        Settle("at the end");
        _rig.Pool.CloseIdleConnections();
        PoolSnapshot last = _rig.Pool.GetSnapshot();
        Assert.Equal((0, 0, 0, 0), (last.Open, last.Pending, last.Dialing, last.Origins.Sum(static origin => origin.StreamsActive)));
        _rig.AssertCounted(active: 0, idle: 0, streams: 0);
    }

    /// <summary>A request that keeps its slot until it is told to end.</summary>
    private sealed class Caller
    {
        private bool _ended;

        public Caller(SharedRig rig, string host, bool http2Only)
        {
            (Host, NeedsHttp2) = (host, http2Only);
            Connection = LeaseAsync(rig, host, http2Only);
        }

        public Caller(HttpConnection connection) => Connection = Task.FromResult(connection);

        public string Host { get; } = "";

        public bool NeedsHttp2 { get; }

        public CancellationTokenSource Cancellation { get; } = new();

        public Task<HttpConnection> Connection { get; }

        public bool HasConnection => Connection.IsCompletedSuccessfully && !_ended;

        public bool IsOver => Connection.IsCompleted && !HasConnection;

        public void End()
        {
            _ended = true;
            if (IsOpen(Connection.Result))
            {
                Connection.Result.Release();
            }
        }

        // A refusal may come at once, and is an outcome like any other.
        private async Task<HttpConnection> LeaseAsync(SharedRig rig, string host, bool http2Only) =>
            await rig.Ask(rig.Attempt(http2Only, token: Cancellation.Token), host);
    }
}
