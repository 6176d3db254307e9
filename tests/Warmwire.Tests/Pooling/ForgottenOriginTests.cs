using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;
using Warmwire.Settings;
using Warmwire.Tests.Dialing;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>An origin that is forgotten while somebody looks: its counts neither vanish nor double.</summary>
public class ForgottenOriginTests
{
    [Fact]
    public async Task A_sweep_in_the_middle_of_a_snapshot_does_not_double_the_counts_of_an_origin_it_forgets()
    {
        InterruptedTime? time = null;
        using var rig = new PoolRig(handler => handler.TimeProvider = time = new InterruptedTime(handler.TimeProvider));
        await rig.OpenIdle(2, A);
        await rig.OpenIdle(1, B);

        // The first thing a snapshot asks for is the time, when it has the list of origins.
        time!.AtNextTimestamp = () => rig.Time.Advance(TimeSpan.FromMinutes(10));
        PoolSnapshot during = rig.Snapshot;
        Assert.Null(time.AtNextTimestamp);
        Assert.Equal((3L, 3L), (during.Requests, during.ConnectionsOpened));
        PoolSnapshot after = rig.Snapshot;
        Assert.Single(after.Origins);
        Assert.Equal((3L, 3L), (after.Requests, after.ConnectionsOpened));
    }

    [Fact]
    public async Task Whenever_a_snapshot_is_taken_every_origin_is_in_it_once()
    {
        const int Origins = 300;
        using var rig = new PoolRig();
        for (int i = 0; i < Origins; i++)
        {
            rig.Network.FailNextDial(new SocketException((int)SocketError.ConnectionRefused));
            await rig.Fails(rig.Get($"http://o{i}.test/"));
        }

        using var stop = new CancellationTokenSource();
        using var looking = new SemaphoreSlim(0);
        var looks = Task.Run(() =>
        {
            var seen = new HashSet<long>();
            while (!stop.IsCancellationRequested)
            {
                seen.Add(rig.Snapshot.Origins.Sum(static origin => origin.DialsFailed));
                looking.Release();
            }

            return seen;
        });
        await looking.WaitAsync(TestContext.Current.CancellationToken);
        rig.Time.Advance(TimeSpan.FromMinutes(10));
        await stop.CancelAsync();
        Assert.Equal([Origins], await looks);
        Assert.Single(rig.Snapshot.Origins);
    }

    [Fact]
    public void Two_sweeps_at_one_time_forget_an_origin_once_and_leave_its_successor()
    {
        var time = new FakeTime();
        using var pool = new ConnectionPool(
            new ConnectionServices(new HandlerSettings { TimeProvider = time }), new PoolEvents(TransportMetrics.For(null), time));
        var key = new Route(isTls: false, "a.test", 80);
        var origin = new OriginPool(pool, key);
        long early = time.GetTimestamp();
        time.Advance(TimeSpan.FromMinutes(10));
        long late = time.GetTimestamp();
        Assert.Equal(new OriginVisit(PoolLimits.KeepUnusedOrigin), origin.LookAfter(early));
        OriginVisit last = origin.LookAfter(late);
        Assert.Null(last.Next);
        OriginCounters history = last.History!;
        Assert.NotNull(history);
        Assert.Equal(default, origin.LookAfter(late));
        Assert.Equal(default, origin.LookAfter(early));
        Assert.False(origin.TryPrewarm(1, out _), "an origin that was removed stays so");

        var forgotten = new ForgottenOrigins();
        var origins = new OriginTable();
        OriginPool successor = origins.GetOrAdd(key.Identity, route => new OriginPool(pool, route));
        forgotten.Move(origins, origin, history);
        (List<OriginPool> inUse, OriginSnapshot? sum) = forgotten.Read(origins);
        Assert.Same(successor, Assert.Single(inUse));
        Assert.Null(sum);
    }

    /// <summary>Lets something happen in the middle of what is being done, when it asks for the time.</summary>
    private sealed class InterruptedTime(TimeProvider time) : TimeProvider
    {
        public Action? AtNextTimestamp { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);

        public override long GetTimestamp()
        {
            Action? interrupt = AtNextTimestamp;
            AtNextTimestamp = null;
            interrupt?.Invoke();
            return time.GetTimestamp();
        }
    }
}
