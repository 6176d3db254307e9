using System.Diagnostics;
using Warmwire.Settings;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Warmwire.Tests.Pooling;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>
/// Seven days with next to nothing to do, under fake time: PINGs, sweeps and look-ups go on all the time, and on the last day the process
/// holds what it held on the first. WARMWIRE_FLAT_DAYS has another length.
/// </summary>
[Collection(nameof(Alone))]
[Trait("Category", "Soak")]
public sealed class FlatWeekTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(30);

    private static ITestOutputHelper Output => TestContext.Current.TestOutputHelper!;

    private static TimeSpan Length => TimeSpan.FromDays(ProcessState.Length("WARMWIRE_FLAT_DAYS", 7));

    [Fact]
    public Task Idle_connections_that_are_pinged() => OwnProcess.RunAsync(typeof(FlatWeekTests), PingedAsync, output, limit: s_limit);

    private static async Task PingedAsync()
    {
        TimeSpan step = TimeSpan.FromSeconds(31);
        using var rig = new Http2Rig(static handler =>
        {
            handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always;
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        });
        Http2Peer peer = await rig.WarmUpAsync();
        peer.AnswersPings = false;
        Task<HttpResponseMessage> single = rig.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://one.test/"));
        ScriptedPeer other = await rig.Network.AcceptAsync();
        await other.AnswerAsync();
        (await single).Dispose();

        ProcessState? first = null;
        int timers = 0;
        int pings = 0;
        long start = Stopwatch.GetTimestamp();
        for (TimeSpan time = TimeSpan.Zero; time < Length; time += step)
        {
            rig.Time.Advance(step);
            await peer.AnswerPingAsync(await peer.ExpectPingAsync());
            await peer.RoundTripAsync();
            if (++pings == (int)(Length / step / 7))
            {
                first = ProcessState.Now();
                timers = rig.Time.PendingTimers;
            }
        }

        ProcessState last = ProcessState.Now();
        Output.WriteLine(
            $"{Length.TotalDays:0} days, {pings:N0} PINGs in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: "
            + $"day 1 {first}; then {last}");
        last.AssertFlatSince(first!);
        Assert.Equal(timers, rig.Time.PendingTimers);

        // Both are what they were.
        await rig.AssertServesAsync(peer);
        single = rig.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://one.test/"));
        await other.AnswerAsync();
        (await single).Dispose();
        Assert.Equal(2, rig.Handler.GetSnapshot().ConnectionsOpened);
    }

    [Fact]
    public Task A_name_that_is_resolved_again_and_again() =>
        OwnProcess.RunAsync(typeof(FlatWeekTests), static () => ResolvedAsync(rotates: false), output, limit: s_limit);

    [Fact]
    public Task A_name_whose_answers_never_are_the_same() =>
        OwnProcess.RunAsync(typeof(FlatWeekTests), static () => ResolvedAsync(rotates: true), output, limit: s_limit);

    private static async Task ResolvedAsync(bool rotates)
    {
        // A request in a minute keeps the name in use. One that never answers the same has thousands of addresses in a week.
        int asked = 0;
        using var rig = new NameRig(_ =>
        {
            int round = rotates ? Interlocked.Increment(ref asked) : 0;
            return [NameRig.Address(1), System.Net.IPAddress.Parse($"198.51.{round / 250 % 250}.{round % 250}")];
        });
        ProcessState? first = null;
        int timers = 0;
        int minutes = 0;
        long start = Stopwatch.GetTimestamp();
        while (rig.Now < Length)
        {
            (await rig.Lease()).Release();
            await rig.Pass(TimeSpan.FromMinutes(1));
            if (++minutes == (int)(Length.TotalMinutes / 7))
            {
                first = ProcessState.Now();
                timers = rig.Time.PendingTimers;
            }
        }

        ProcessState last = ProcessState.Now();
        Output.WriteLine(
            $"{Length.TotalDays:0} days, {rig.LookUps:N0} look-ups, {rig.Origin.ConnectionsOpened:N0} connections in "
            + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: day 1 {first}; then {last}");
        last.AssertFlatSince(first!);
        Assert.Equal(timers, rig.Time.PendingTimers);
        Assert.True(rig.LookUps > Length.TotalMinutes * 0.9, $"{rig.LookUps} look-ups");
    }
}
