using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Warmwire.Pooling;
using Warmwire.Tests.Dialing;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

public enum PoolAct
{
    Request,
    DialSucceeds,
    DialFails,
    PeerAnswers,
    PeerAnswersAndSaysClose,
    PeerAnswersHalf,
    PeerFinishesBody,
    CallerGoesOn,
    CallerCancels,
    ServerClosesIdle,
    ServerResetsBusy,
    TimePasses,
    CloseIdle,
}

/// <param name="Act">What happens.</param>
/// <param name="Pick">To whom, among those it can happen to; or how much of it.</param>
public sealed record PoolStep(PoolAct Act, int Pick)
{
    public override string ToString() => $"{Act} {Pick}";
}

public sealed record PoolWorld(int Origins, int PerServer, int Total, int Idle)
{
    public override string ToString() => $"{Origins} origins, {PerServer} connections each, {Total} in all, {Idle} idle";
}

/// <summary>
/// Plays steps on a handler and checks what must hold. A request carries its number in its path and its answer carries it back.
/// </summary>
internal sealed class PoolSimulation : IDisposable
{
    private readonly PoolWorld _world;
    private readonly PoolRig _rig;
    private readonly List<SimulatedCaller> _callers = [];
    private readonly List<SimulatedPeer> _peers = [];
    private bool _harmed;

    private PoolSimulation(PoolWorld world)
    {
        _world = world;
        _rig = new PoolRig(
            handler =>
            {
                handler.MaxConnectionsPerServer = world.PerServer;
                handler.MaxConnections = world.Total;
                handler.MaxIdleConnections = world.Idle;

                // A dial that times out ends in the pool a moment before its ConnectCallback has let go of the network.
                handler.ConnectTimeout = Timeout.InfiniteTimeSpan;
            },
            holdDials: true);
    }

    public static async Task RunAsync(PoolWorld world, PoolStep[] steps)
    {
        using var simulation = new PoolSimulation(world);
        foreach (PoolStep step in steps)
        {
            await simulation.PlayAsync(step);
            await simulation.SettleAsync($"after {step}");
        }

        await simulation.EndAsync();
    }

    public void Dispose()
    {
        _rig.Dispose();
        _callers.ForEach(caller => caller.Dispose());
    }

    private async Task PlayAsync(PoolStep step)
    {
        switch (step.Act)
        {
            case PoolAct.Request:
                _callers.Add(new SimulatedCaller(_rig, _callers.Count, $"http://o{step.Pick % _world.Origins}.test/"));
                break;
            case PoolAct.DialSucceeds:
                Pick(PendingDials, step.Pick, dial => _peers.Add(new SimulatedPeer(dial.Accept())));
                break;
            case PoolAct.DialFails:
                Pick(PendingDials, step.Pick, dial =>
                {
                    _harmed = true;
                    dial.Fail(new SocketException((int)SocketError.ConnectionRefused));
                });
                break;
            case PoolAct.PeerAnswers:
                await PickAsync(_peers.Where(peer => peer.HasRequest), step.Pick, peer => peer.AnswerAsync(""));
                break;
            case PoolAct.PeerAnswersAndSaysClose:
                await PickAsync(_peers.Where(peer => peer.HasRequest), step.Pick, peer => peer.AnswerAsync("Connection: close\r\n"));
                break;
            case PoolAct.PeerAnswersHalf:
                await PickAsync(_peers.Where(peer => peer.HasRequest), step.Pick, peer => peer.AnswerHalfAsync());
                break;
            case PoolAct.PeerFinishesBody:
                await PickAsync(_peers.Where(peer => peer.OwesBody), step.Pick, peer => peer.FinishBodyAsync());
                break;
            case PoolAct.CallerGoesOn:
                Pick(_callers.Where(caller => !caller.HasGoneOn), step.Pick, caller => caller.GoOn());
                break;
            case PoolAct.CallerCancels:
                Pick(_callers.Where(caller => !caller.Outcome.IsCompleted), step.Pick, caller => caller.Cancel());
                break;
            case PoolAct.ServerClosesIdle:
                Pick(_peers.Where(peer => peer.IsFree), step.Pick, peer =>
                {
                    _harmed = true;
                    peer.Close();
                });
                break;
            case PoolAct.ServerResetsBusy:
                Pick(_peers.Where(peer => peer.HasRequest || peer.OwesBody), step.Pick, peer =>
                {
                    _harmed = true;
                    peer.Reset();
                });
                break;
            case PoolAct.TimePasses:
                _rig.Time.Advance(PoolRig.Ms(step.Pick > 8 ? 20_000 : step.Pick * 40));
                break;
            default:
                _rig.Handler.CloseIdleConnections();
                break;
        }
    }

    private IEnumerable<Dial> PendingDials => _rig.Network.Dials.Where(dial => dial.State == DialState.Pending);

    private static void Pick<T>(IEnumerable<T> from, int pick, Action<T> act) => _ = PickAsync(from, pick, chosen =>
    {
        act(chosen);
        return Task.CompletedTask;
    });

    private static Task PickAsync<T>(IEnumerable<T> from, int pick, Func<T, Task> act)
    {
        T[] choice = [.. from];
        return choice.Length == 0 ? Task.CompletedTask : act(choice[pick % choice.Length]);
    }

    /// <summary>
    /// Waits until nothing moves any more and what must hold when nothing moves holds. What must hold always is checked all the while.
    /// </summary>
    private async Task SettleAsync(string when)
    {
        long start = Stopwatch.GetTimestamp();
        string? last = null;
        int still = 0;
        for (int round = 0; ; round++)
        {
            IReadOnlyList<Dial> dials = _rig.Network.Dials;
            PoolSnapshot snapshot = _rig.Snapshot;
            CheckCaps(snapshot, when);
            string now =
                $"{snapshot}/{dials.Count}/{_callers.Count(caller => caller.Outcome.IsCompleted)}/{_peers.Count(peer => peer.HasRequest)}";
            string? unrest = Unrest(snapshot, dials);
            still = unrest is null && now == last ? still + 1 : 0;
            last = now;
            if (still == 3)
            {
                CheckCounts(snapshot, dials, when);
                return;
            }

            if (Stopwatch.GetElapsedTime(start) > Guard.Limit && Guard.Limit > TimeSpan.Zero)
            {
                throw new TimeoutException($"{when}: {unrest ?? "no rest"}\n{snapshot}\n{_rig.Network}");
            }

            if (round < 100)
            {
                await Task.Yield();
            }
            else
            {
                // Real time: a poll, which shall not keep a processor busy.
                await Task.Delay(1);
            }
        }
    }

    /// <summary>
    /// What must be so once nothing moves: nobody waits for what is there, and no connection is busy without anybody who keeps it so.
    /// </summary>
    /// <param name="snapshot">The pool.</param>
    /// <param name="dials">The dials of the network, read before the snapshot was taken.</param>
    private string? Unrest(PoolSnapshot snapshot, IReadOnlyList<Dial> dials)
    {
        // Story: a thread of the pool stands still on its way from one state to the next for as long as the rounds above take, and dials
        // right after the snapshot. The dials that are counted must be those of the snapshot.
        if (_rig.Network.DialCount != dials.Count)
        {
            return "a dial came while the snapshot was taken";
        }

        if (_rig.Network.OpenConnections != snapshot.Open || _rig.Network.PendingDials != snapshot.Dialing)
        {
            return $"the network has {_rig.Network.OpenConnections} connections and {_rig.Network.PendingDials} dials, "
                + "the pool says otherwise";
        }

        if (_peers.Any(peer => peer.IsGone && !peer.ClientClosed && !IsHeld(peer)))
        {
            return "the pool holds a connection that the server has ended";
        }

        int busy = _peers.Count(peer => peer.HasRequest || peer.OwesBody || (!peer.ClientClosed && IsHeld(peer)));
        if (snapshot.Active > busy)
        {
            return $"{snapshot.Active} connections are busy, and only {busy} have something to do";
        }

        // A sweep may be late by the least time between two.
        TimeSpan kept = PoolLimits.KeepSurplusIdle + PoolLimits.SweepSpacing;
        int idleForLong = snapshot.Origins.SelectMany(static origin => origin.Connections)
            .Count(one => one.State == "Idle" && one.IdleTime > kept);
        if (idleForLong > _world.Idle)
        {
            return $"{idleForLong} are idle for long";
        }

        foreach (OriginSnapshot origin in snapshot.Origins.Where(origin => origin.Pending > 0))
        {
            bool full = origin.Open + origin.Dialing == _world.PerServer;
            bool allFull = snapshot.Open + snapshot.Dialing == _world.Total && snapshot.Idle == 0;
            if (origin.Idle > 0 || (origin.Pending > origin.Dialing && !full && !allFull))
            {
                return $"{origin.Origin} has requests that wait for nothing";
            }
        }

        return null;
    }

    /// <summary>
    /// Whether a caller keeps the answer of this server: one who does not read the end of a body does not see the server's end either.
    /// </summary>
    private bool IsHeld(SimulatedPeer peer) => peer.Answered is { } id && _callers[id].HoldsAnswer;

    private void CheckCaps(PoolSnapshot snapshot, string when)
    {
        Assert.True(
            _rig.Network.MaxOpenOrDialing <= _world.Total,
            $"{when}: {_rig.Network.MaxOpenOrDialing} connections and dials at one time\n{_rig.Network}");
        Assert.All(
            snapshot.Origins,
            origin => Assert.True(origin.Open + origin.Dialing <= _world.PerServer, $"{when}: the cap of an origin is passed\n{snapshot}"));
        Assert.All(snapshot.Origins, origin => Assert.Equal(origin.ConnectionsOpened, origin.ClosedBy.Values.Sum() + origin.Open));
        Assert.All(
            snapshot.Origins, origin => Assert.Equal((origin.Open, origin.Idle + origin.Active), (origin.Connections.Count, origin.Open)));
    }

    private void CheckCounts(PoolSnapshot snapshot, IReadOnlyList<Dial> networkDials, string when)
    {
        bool isAnyForgotten = snapshot.Origins.Any(static origin => origin.Origin[0] == '(');
        foreach (OriginSnapshot origin in snapshot.Origins)
        {
            long dials = origin.DialedBy.Values.Sum();
            Assert.True(
                dials == origin.ConnectionsOpened + origin.DialsFailed + origin.Dialing, $"{when}: the dials do not add up\n{snapshot}");
            int perHost = networkDials.Count(dial => origin.Origin == $"http://{dial.Host}:80");
            Assert.True(
                dials == perHost || (dials < perHost && isAnyForgotten) || origin.Origin[0] == '(',
                $"{when}: {perHost} dials to {origin.Origin}, {dials} counted");
        }

        long all = snapshot.Origins.Sum(static origin => origin.DialedBy.Values.Sum());
        Assert.True(all == networkDials.Count, $"{when}: {networkDials.Count} dials, {all} counted");

        foreach (SimulatedCaller caller in _callers)
        {
            caller.Check(_harmed, when);
        }

        _peers.ForEach(peer => peer.Check(when));
    }

    /// <summary>Everybody does what they owe: then every request must come to its end, and every connection idle.</summary>
    private async Task EndAsync()
    {
        _callers.ForEach(caller => caller.GoOn());
        long start = Stopwatch.GetTimestamp();
        while (_callers.Any(caller => !caller.Outcome.IsCompleted) || _rig.Snapshot.Active > 0 || _rig.Network.PendingDials > 0)
        {
            foreach (Dial dial in PendingDials)
            {
                _peers.Add(new SimulatedPeer(dial.Accept()));
            }

            foreach (SimulatedPeer peer in _peers.Where(peer => peer.HasRequest).ToList())
            {
                await peer.AnswerAsync("");
            }

            foreach (SimulatedPeer peer in _peers.Where(peer => peer.OwesBody).ToList())
            {
                await peer.FinishBodyAsync();
            }

            if (Stopwatch.GetElapsedTime(start) > Guard.Limit && Guard.Limit > TimeSpan.Zero)
            {
                string lost = string.Join(
                    ", ",
                    _callers.Where(caller => !caller.Outcome.IsCompleted)
                        .Select(caller => caller.Id.ToString(CultureInfo.InvariantCulture)));
                throw new TimeoutException($"At the end: requests [{lost}] are lost, or a connection is\n{_rig.Snapshot}\n{_rig.Network}");
            }

            await Task.Yield();
        }

        await SettleAsync("at the end");
        _rig.Handler.CloseIdleConnections();
        Assert.Equal((0, 0, 0), (_rig.Snapshot.Open, _rig.Snapshot.Pending, _rig.Network.OpenConnections));
    }
}
