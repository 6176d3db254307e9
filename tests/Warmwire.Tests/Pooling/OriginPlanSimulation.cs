using System.Globalization;
using System.Net;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Pooling;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// A random walk over the plan of one origin, without a lock, a thread or a network: the steps are taken here, one behind another, and what
/// must hold is looked at after each. The script of the walk is part of every failure.
/// </summary>
internal sealed class OriginPlanSimulation : IDisposable
{
    private readonly Random _random;
    private readonly FakeTime _time = new();
    private readonly StubRig _rig = new();
    private readonly HandlerSettings _settings;
    private readonly Route _route;
    private readonly OriginPool _owner;
    private readonly OriginPlan _plan;
    private readonly ConnectionAge _age;
    private readonly List<string> _script = [];

    private readonly Queue<OriginStep> _steps = [];
    private readonly List<PlannedDial> _planned = [];
    private readonly List<PlannedDial> _dials = [];
    private readonly List<PoolWaiter> _waiting = [];
    private readonly HashSet<PoolWaiter> _ended = [];
    private readonly List<PooledConnection> _open = [];
    private readonly List<PooledConnection> _held = [];
    private readonly Dictionary<PooledConnection, int> _suspended = [];
    private readonly HashSet<PooledConnection> _retired = [];
    private readonly HashSet<PooledConnection> _dying = [];
    private int _permits;
    private bool _isInLine;
    private bool _isSwept;
    private long _answers;

    private OriginPlanSimulation(int seed, bool limited)
    {
        _random = new Random(seed);
        _permits = _random.Next(1, 6);
        bool mixed = _random.Next(2) == 0;
        _settings = new HandlerSettings
        {
            TimeProvider = _time,
            MaxConnectionsPerServer = _random.Next(1, 5),
            MaxIdleConnectionsPerServer = _random.Next(0, 4),
            MaxPendingRequestsPerServer = _random.Next(3) == 0 ? 4 : int.MaxValue,
            EnableMultipleHttp2Connections = _random.Next(3) > 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(_random.Next(1, 10)),
            ConcurrencyLimit = limited ? new AdaptiveConcurrency { MaxLimit = _random.Next(1, 8) } : null,
        };
        _age = new ConnectionAge(_settings);
        _route = new Route(isTls: mixed, "a.test", 443, protocols: mixed ? ProtocolOffer.Http2OrHttp1 : ProtocolOffer.Http1);
        _owner = new OriginPool(_rig.Pool, _route);
        _plan = new OriginPlan(_route, _settings, _age, new IdleOrder(1000, 1000));
        _script.Add($"seed {seed}: {_route.Protocols}, {_settings.MaxConnectionsPerServer} connections, {_permits} permits");
    }

    private OriginSnapshot Snapshot => _plan.GetSnapshot(_time.GetTimestamp());

    public static void Run(int seed, int steps, bool limited = false)
    {
        using var simulation = new OriginPlanSimulation(seed, limited);
        try
        {
            for (int i = 0; i < steps; i++)
            {
                simulation._isSwept = false;
                simulation.Play();
                simulation.TakeAll();
                simulation.Check();
            }

            simulation.End();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(string.Join('\n', simulation._script.TakeLast(60)) + "\n" + simulation.Snapshot, e);
        }
    }

    public void Dispose() => _rig.Dispose();

    // ---- What happens -----------------------------------------------------------------------------------------------

    private void Play()
    {
        if (_plan.Concurrency is not null && _random.Next(6) == 0)
        {
            Note("measured");
            Measure();
            return;
        }

        switch (_random.Next(23))
        {
            case < 6:
                Ask();
                break;
            case < 9 when Any(_dials, out PlannedDial? dial):
                Note($"dial succeeds for {dial.Reason}");
                Succeed(dial);
                break;
            case 9 when Any(_dials, out PlannedDial? dial):
                Note("dial fails");
                _dials.Remove(dial);
                FreePermit();
                Do(_plan.Dials.Failed(dial, PoolErrors.DialAborted(_route, new IOException("no network"))));
                break;
            case < 14 when Any(_held, out PooledConnection? held):
                Note($"released {held.Connection.Id}");
                _held.Remove(held);
                Release(held);
                break;
            case 14 when Any(_waiting, out PoolWaiter? waiter):
                Note("waiter leaves");
                _waiting.Remove(waiter);
                Assert.True(_ended.Add(waiter));
                _plan.Leases.Leave(waiter);
                break;
            case 15 when Any(_open, out PooledConnection? closed):
                Note($"server closes {closed.Connection.Id}");
                Close(closed, CloseReason.ServerClosed);
                break;
            case 16 when Any(_open, out PooledConnection? dying):
                Note($"{dying.Connection.Id} dies unseen");
                _dying.Add(dying);
                break;
            case 17:
                PlayMultiplexed();
                break;
            case 18:
                _time.Advance(TimeSpan.FromSeconds(_random.Next(1, 40)));
                Note("sweep");
                Do(_plan.Aging.Sweep(_time.GetTimestamp(), out _));
                _isSwept = true;
                break;
            case 19:
                PlayRare();
                break;
            case > 19 when Any(_planned, out PlannedDial? planned):
                Begin(planned);
                break;
            default:
                break;
        }
    }

    private void Begin(PlannedDial dial)
    {
        _planned.Remove(dial);
        int waiting = Snapshot.Pending;
        if (_plan.Dials.TryBegin(dial, out _, out OriginStep step))
        {
            Note($"dial begins for {dial.Reason}");
            Assert.True(waiting > 0, "a dial begins that nobody waits for");
            _dials.Add(dial);
            return;
        }

        Note($"dial for {dial.Reason} is not needed any more");
        Assert.True(step.FreesPermit, "a dial that does not begin keeps its permit");
        FreePermit();
        Follow(step);
    }

    private void PlayMultiplexed()
    {
        if (!Any([.. _open.Where(static pooled => pooled.IsMultiplexed)], out PooledConnection? pooled))
        {
            return;
        }

        var connection = (StubMultiplexedConnection)pooled.Connection;
        Moment moment = MomentFor(pooled);
        switch (_random.Next(4))
        {
            case 0:
                int limit = _random.Next(0, 4);
                Note($"{connection.Id}: limit {limit}");
                connection.SetLimit(limit);
                Do(_plan.Slots.LimitChanged(pooled, moment));
                break;
            case 1:
                Note($"{connection.Id}: suspended");
                _suspended[pooled] = _suspended.GetValueOrDefault(pooled) + 1;
                Do(_plan.Slots.Suspended(pooled, moment));
                break;
            case 2 when _suspended.GetValueOrDefault(pooled) > 0:
                Note($"{connection.Id}: resumed");
                _suspended[pooled]--;
                Do(_plan.Slots.Resumed(pooled, moment));
                break;
            case 3:
                Note($"{connection.Id}: GOAWAY");
                _retired.Add(pooled);
                Do(_plan.Slots.Retire(pooled, CloseReason.GoAway, moment));
                break;
            default:
                break;
        }
    }

    private void PlayRare()
    {
        switch (_random.Next(12))
        {
            case 0:
                Note("close idle");
                Do(_plan.Aging.CloseIdle(CloseReason.ClosedByUser));
                break;
            case 1:
                Note("addresses changed");
                IPAddress[] answer = _random.Next(3) == 0 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.IPv6Loopback];
                _time.Advance(TimeSpan.FromSeconds(_random.Next(0, 30)));
                Do(_plan.Addresses.Answered(new DatedAnswer(answer, null, _time.GetTimestamp(), ++_answers), _time.GetTimestamp()));
                break;
            case 2:
                Note("HTTP/1.1 required");
                foreach (PooledConnection pooled in _open.Where(static pooled => pooled.IsMultiplexed))
                {
                    _retired.Add(pooled);
                }

                Do(_plan.Slots.Http11Required());
                break;
            case < 6:
                Note("a permit more");
                FreePermit();
                break;
            default:
                Note("prewarm");
                foreach (PlannedDial dial in _plan.Prewarm(_random.Next(1, 3), _time.GetTimestamp())!)
                {
                    if (_permits > 0)
                    {
                        _permits--;
                        Assert.True(_plan.Dials.TryBegin(dial, out _, out _), "a dial that no request asked for");
                        _dials.Add(dial);
                    }
                    else
                    {
                        Do(_plan.Dials.PrewarmRefused(dial));
                    }
                }

                break;
        }
    }

    private void Ask()
    {
        bool exact = _random.Next(4) == 0;
        var request = new HttpRequestMessage(HttpMethod.Get, "https://a.test/")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = exact ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
        var attempt = new Attempt(new AttemptRequest(request, RequestSettings.Defaults(_settings), CancellationToken.None));
        OriginStep step;
        try
        {
            step = _plan.Leases.Ask(_owner, attempt, replacementFor: null, _time.GetTimestamp(), out _);
        }
        catch (TransportException e)
        {
            Note($"refused: {e.Message}");
            return;
        }

        Note($"asked: {step.Kind}");
        switch (step.Kind)
        {
            case StepKind.Wait:
                _waiting.Add(step.Waiter!);
                Do(new OriginStep { Dial = step.Dial });
                break;
            case StepKind.Lease when step.Taken.Stale is { } stale:
                Close(step.Taken.Pooled, stale);
                break;
            case StepKind.Lease when Lives(step.Taken.Pooled):
                Assert.True(step.Taken.Pooled.IsMultiplexed || !_held.Contains(step.Taken.Pooled), "leased twice");
                step.Taken.Pooled.Served();
                _held.Add(step.Taken.Pooled);
                break;
            default:
                Die(step.Taken, counted: true);
                break;
        }
    }

    private void Succeed(PlannedDial dial)
    {
        _dials.Remove(dial);
        var dialed = new DialedStream { Stream = Stream.Null, ResolvedAddress = _random.Next(2) == 0 ? IPAddress.Loopback : null };
        HttpConnection connection = _route.Protocols == ProtocolOffer.Http1 || _random.Next(3) == 0
            ? new StubConnection(_route, dialed, _owner, _rig.Pool.Services)
            : new StubMultiplexedConnection(_route, dialed, _owner, _rig.Pool.Services, _random.Next(0, 4));
        var pooled = new PooledConnection(connection, _owner);
        _open.Add(pooled);
        Do(_plan.Dials.Succeeded(dial, pooled));
    }

    // ---- Taking the steps -------------------------------------------------------------------------------------------

    private void Do(in OriginStep step)
    {
        if (step.FreesPermit && step.Event?.Closed is null && step.Event?.DialError is null)
        {
            Assert.Fail("a permit comes back, and nothing has ended");
        }

        Follow(step);
    }

    private void Follow(in OriginStep step)
    {
        _steps.Enqueue(step);
    }

    private void TakeAll()
    {
        while (_steps.TryDequeue(out OriginStep step))
        {
            step.Closes?.ForEach(close => Close(close.Pooled, close.Reason));
            Dial(step.Dial);
            step.Failures?.ForEach(failure => EndWaiter(failure.Waiter));
            switch (step.Kind)
            {
                case StepKind.Release:
                    Release(step.Pooled!);
                    break;
                case StepKind.GiveLeased:
                    Give(step.Pooled!, step.Waiter!);
                    break;
                case StepKind.Give when Lives(step.Taken.Pooled):
                    step.Pooled!.Served();
                    Give(step.Pooled, step.Waiter!);
                    break;
                case StepKind.Give:
                    Die(step.Taken, counted: false);
                    Do(_plan.Leases.DiedOnTheWay(step.Pooled!, step.Waiter!, _time.GetTimestamp()));
                    break;
                case StepKind.Start:
                    TakeOffer(step.Pooled!);
                    break;
                default:
                    break;
            }

            if (step.ServesMore)
            {
                Do(_plan.Slots.Next(step.Pooled!, MomentFor(step.Pooled!)));
            }

            Admit();
        }

        Admit();
        if (_steps.Count > 0)
        {
            TakeAll();
        }
    }

    /// <summary>What the executor does behind every change.</summary>
    private void Admit()
    {
        if (_plan.Concurrency is not null && _plan.Leases.Admit(_time.GetTimestamp()) is { IsEmpty: false } admitted)
        {
            Note($"admitted: {admitted.Kind}");
            Do(admitted);
        }
    }

    /// <summary>An answer comes, or does not, to what began a moment ago.</summary>
    private void Measure()
    {
        var attempt = new Attempt(new AttemptRequest(
            new HttpRequestMessage(), RequestSettings.Defaults(_settings), CancellationToken.None))
        {
            Lease = new LeaseFacts { IsLeased = true, LeasedAt = _time.GetTimestamp() },
        };
        attempt.Progress.Sent = RequestSent.Fully;
        _time.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 500)));
        int? status = _random.Next(6) switch { 0 => null, 1 => 503, _ => 200 };
        for (int i = _random.Next(1, 20); i > 0; i--)
        {
            Do(_plan.HeadEnded(attempt, status, _time.GetTimestamp(), out _));
        }
    }

    /// <summary>All waiters that the new connection serves are served before the line is looked at.</summary>
    private void TakeOffer(PooledConnection pooled)
    {
        if (_random.Next(8) == 0)
        {
            _retired.Add(pooled);
            Do(_plan.Slots.Retire(pooled, CloseReason.GoAway, MomentFor(pooled)));
        }

        Do(_plan.Slots.Offered(pooled, MomentFor(pooled)));
        TakeAll();
        Do(_plan.Slots.FailSurplus());
    }

    private void Dial(PlannedDial? dial)
    {
        while (dial is not null)
        {
            int withoutWaiter = _dials.Concat(_planned).Count(
                static one => one.Waiter is null || one.Waiter.IsDone || !one.Waiter.IsQueued);
            Assert.True(Snapshot.Dialing <= Snapshot.Pending + withoutWaiter, "more dials than waiters");
            if (_permits > 0)
            {
                _permits--;
                _planned.Add(dial);
                dial = _plan.Dials.Next();
                continue;
            }

            OriginStep refused = _plan.Dials.Refused(dial, out bool isDestitute);
            Assert.Equal(Snapshot.Open + Snapshot.Dialing == 0, isDestitute);
            refused.Failures?.ForEach(failure => EndWaiter(failure.Waiter));
            _isInLine = true;
            return;
        }
    }

    private void FreePermit()
    {
        _permits++;
        if (_isInLine)
        {
            _isInLine = false;
            Do(new OriginStep { Dial = _plan.Dials.Next() });
        }
    }

    private void Give(PooledConnection pooled, PoolWaiter waiter)
    {
        EndWaiter(waiter);
        Assert.True(pooled.IsMultiplexed || !_held.Contains(pooled), "leased twice");
        _held.Add(pooled);
    }

    private void EndWaiter(PoolWaiter waiter)
    {
        Assert.True(_ended.Add(waiter), "a waiter ends twice");
        Assert.True(_waiting.Remove(waiter), "a waiter ends that does not wait");
    }

    private void Release(PooledConnection pooled)
    {
        if (pooled.IsMultiplexed)
        {
            bool yields = _random.Next(6) == 0;
            Do(_plan.Slots.Ended(pooled, MomentFor(pooled), othersDestitute: yields, ref yields));
        }
        else
        {
            Do(_plan.Leases.Returned(pooled, MomentFor(pooled), othersDestitute: _random.Next(6) == 0));
        }
    }

    private bool Lives(PooledConnection pooled) => !_dying.Contains(pooled) && _suspended.GetValueOrDefault(pooled) <= 0;

    /// <summary>The connection turns a lease down: it is dead and says so, or it is suspended and has said so.</summary>
    private void Die(in TakenConnection taken, bool counted)
    {
        PooledConnection pooled = taken.Pooled;
        if (pooled.IsMultiplexed)
        {
            Do(_plan.Slots.Refused(taken, counted, MomentFor(pooled)));
        }

        Close(pooled, CloseReason.ServerClosed);
    }

    private void Close(PooledConnection pooled, CloseReason reason)
    {
        if (!_open.Remove(pooled))
        {
            // As a connection does: what closes it again does nothing.
            return;
        }

        _held.RemoveAll(held => held == pooled);
        _dying.Remove(pooled);
        OriginStep step = _plan.Closed(pooled, reason);
        Assert.True(step.FreesPermit);
        Do(step);
        FreePermit();
    }

    private Moment MomentFor(PooledConnection pooled) => new(_time.GetTimestamp(), _time.GetUtcNow(), _age.IdleLimitOf(pooled.Connection));

    // ---- What must hold ---------------------------------------------------------------------------------------------

    private void Check()
    {
        OriginSnapshot now = Snapshot;
        Assert.Equal(_open.Count, now.Open);
        Assert.Equal(_dials.Count + _planned.Count, now.Dialing);
        Assert.Equal(_waiting.Count, now.Pending);
        Assert.True(now.Open + now.Dialing <= _settings.MaxConnectionsPerServer, "more connections than allowed");
        int idleForLong = now.Connections.Count(static one => one.State == "Idle" && one.IdleTime >= PoolLimits.KeepSurplusIdle);
        Assert.True(!_isSwept || idleForLong <= _settings.MaxIdleConnectionsPerServer, "more idle connections than are kept");
        Assert.Equal(_held.Count(static pooled => pooled.IsMultiplexed), now.StreamsActive);
        foreach (PooledConnection pooled in _open)
        {
            int held = _held.Count(one => one == pooled);
            PooledState expected = pooled.State switch
            {
                PooledState.Retired => PooledState.Retired,
                _ when held == 0 => PooledState.Idle,
                _ => pooled.IsMultiplexed ? PooledState.Shared : PooledState.Leased,
            };
            Assert.Equal(expected, pooled.State);
            Assert.False(pooled.State == PooledState.Retired && held == 0, "retired, and nobody closes it");
            Assert.False(_retired.Contains(pooled) && pooled.State != PooledState.Retired, "it said that it takes no more");
        }

        if (now.Concurrency is { } limit)
        {
            Assert.Equal(_held.Count, limit.InFlight);
            Assert.InRange(limit.InFlight, 0, _settings.ConcurrencyLimit!.MaxLimit);
        }

        if (now.Pending > 0 && _plan.Concurrency is not { Room: <= 0 })
        {
            CheckWaiters(now);
        }
    }

    private void CheckWaiters(OriginSnapshot now)
    {
        bool anyKind = _waiting.Any(static waiter => !waiter.NeedsHttp2);
        Assert.False(anyKind && _open.Any(static pooled => pooled is { IsMultiplexed: false, State: PooledState.Idle }),
            "a request waits beside an idle connection");
        Assert.False(_open.Any(static pooled => pooled is { IsMultiplexed: true, HasFreeSlot: true }),
            "a request waits beside a free slot");
        bool isFull = now.Open + now.Dialing >= _settings.MaxConnectionsPerServer || _isInLine;
        bool isHopeful = now.Dialing > 0 || _open.Any(static pooled => pooled.IsMultiplexed && pooled.IsUsable);
        Assert.True(isFull || isHopeful, "a request waits, and nothing is dialed");
    }

    private void End()
    {
        Note("abort");
        Do(_plan.Abort());
        TakeAll();
        Assert.Empty(_waiting);
        foreach (PlannedDial dial in _planned.ToArray())
        {
            Begin(dial);
        }

        Assert.Empty(_planned);
        foreach (PlannedDial dial in _dials.ToArray())
        {
            Succeed(dial);
            TakeAll();
        }

        OriginSnapshot end = Snapshot;
        Assert.Equal((0, 0, 0, 0, 0), (end.Open, end.Idle, end.Dialing, end.Pending, end.StreamsActive));
        Assert.Equal(end.ConnectionsOpened, end.ClosedBy.Values.Sum());
        Assert.Equal(0, end.Concurrency?.InFlight ?? 0);
    }

    private bool Any<T>(IReadOnlyList<T> from, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? picked)
        where T : class
    {
        picked = from.Count == 0 ? null : from[_random.Next(from.Count)];
        return picked is not null;
    }

    private void Note(string what) => _script.Add(string.Create(CultureInfo.InvariantCulture, $"{_script.Count}. {what}"));
}
