using System.Net;
using Warmwire.Connections;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Processes that need one connection each, above all one of HTTP/2 that is never idle: where it leads, and how it moves when the addresses
/// of its name change. Under fake time.
/// </summary>
public sealed class SharedNameTests
{
    private const int Processes = 240;

    private static readonly TimeSpan s_change = TimeSpan.FromSeconds(70);
    private static readonly TimeSpan s_end = TimeSpan.FromSeconds(220);

    [Theory]
    [InlineData(true, AddressSelection.LeastLoaded)]
    [InlineData(true, AddressSelection.RoundRobin)]
    [InlineData(false, AddressSelection.LeastLoaded)]
    [InlineData(true, AddressSelection.FirstReachable)]
    public async Task The_first_connections_of_many_processes_spread_over_the_addresses(bool http2, AddressSelection selection)
    {
        var opened = new Dictionary<IPAddress, int>();
        for (int i = 0; i < Processes; i++)
        {
            using NameRig rig = Rig(http2, static _ => NameRig.Addresses(1, 2, 3), selection);
            (await Leased(rig)).Release();
            IPAddress to = rig.Attempts.Single();
            opened[to] = opened.GetValueOrDefault(to) + 1;
        }

        if (selection == AddressSelection.FirstReachable)
        {
            Assert.Equal(Processes, opened[NameRig.Address(1)]);
            return;
        }

        AssertEven(opened, 3);
    }

    [Theory]
    [InlineData(true, 1, 2)]
    [InlineData(true, 3, 4)]
    [InlineData(true, 1, 4)]
    [InlineData(true, 2, 4)]
    [InlineData(false, 3, 4)]
    public async Task Of_many_processes_with_one_connection_each_a_share_moves_to_addresses_that_join(bool http2, int before, int after)
    {
        var open = new Dictionary<IPAddress, int>();
        long moved = 0;
        for (int i = 0; i < Processes; i++)
        {
            using NameRig rig = Rig(http2, now => Addresses(now < s_change ? before : after));
            int waits = await Busy(rig, s_end, http2);
            Assert.True(!http2 || waits == 0, $"process {i}: {waits} requests waited");
            Assert.InRange(rig.Attempts.Count, 1, 2);
            Assert.Equal(1, rig.Origin.Open);
            IPAddress to = NameRig.Addresses(1, 2, 3, 4).Single(address => rig.OpenTo(address) == 1);
            open[to] = open.GetValueOrDefault(to) + 1;
            moved += rig.Closed(CloseReason.Rebalanced);
        }

        AssertEven(open, after);
        AssertNear(moved, (double)(after - before) / after);
    }

    [Fact]
    public async Task A_busy_connection_whose_address_leaves_goes_when_the_next_is_open()
    {
        using NameRig rig = Rig(http2: true, static now => NameRig.Addresses(now < s_change ? 1 : 2));
        Assert.Equal(0, await Busy(rig, s_end, overlap: true));
        Assert.Equal(1, rig.OpenTo(NameRig.Address(2)));
        Assert.Equal(1, rig.Origin.Open);
        Assert.Equal(1, rig.Closed(CloseReason.AddressRetired));
        Assert.Equal(1, rig.Origin.DialedBy[DialReason.Successor]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_busy_connection_stays_where_the_address_that_joins_cannot_be_reached(bool refuses)
    {
        int tried = 0;
        for (int i = 0; i < 30; i++)
        {
            using NameRig rig = Rig(http2: true, now => Addresses(now < s_change ? 1 : 2));
            (refuses ? rig.Refusing : rig.Silent)[NameRig.Address(2)] = true;
            Assert.Equal(0, await Busy(rig, s_end, overlap: true));
            tried += rig.Attempts.Contains(NameRig.Address(2)) ? 1 : 0;

            // The one that was opened leads to the old address too, and is not needed there.
            Assert.Equal(rig.Origin.Requests, Assert.Single(rig.Origin.Connections).Requests);
            Assert.Equal(0, rig.OpenTo(NameRig.Address(2)));
        }

        Assert.InRange(tried, 3, 27);
    }

    [Fact]
    public async Task A_busy_connection_whose_address_leaves_goes_in_any_case()
    {
        using NameRig rig = Rig(http2: true, static now => NameRig.Addresses(now < s_change ? 1 : 2));
        rig.Refusing[NameRig.Address(2)] = true;
        HttpConnection first = await Leased(rig);
        while (rig.Now < s_end)
        {
            await rig.Pass(TimeSpan.FromSeconds(1));
            await Eventually.IsTrue(() => rig.Origin.Dialing == 0, "the dials end");
            if (rig.Now < s_change)
            {
                // In use, so that the name is resolved again.
                (await Leased(rig)).Release();
            }
            else if (rig.Ask() is { IsCompletedSuccessfully: true } more)
            {
                (await more).Release();
            }
        }

        first.Release();
        await Eventually.IsTrue(() => rig.Closed(CloseReason.AddressRetired) == 1, "it is closed behind its last request");
    }

    [Fact]
    public async Task With_room_for_one_connection_the_old_one_goes_first()
    {
        for (int i = 0; i < 20; i++)
        {
            using NameRig rig = Rig(
                http2: true, now => Addresses(now < s_change ? 1 : 2), configure: static settings => settings.MaxConnectionsPerServer = 1);
            await Busy(rig, s_end, overlap: false);
            if (rig.OpenTo(NameRig.Address(2)) == 1)
            {
                return;
            }
        }

        Assert.Fail("none of twenty has moved");
    }

    private static NameRig Rig(
        bool http2,
        Func<TimeSpan, IPAddress[]> answers,
        AddressSelection selection = AddressSelection.LeastLoaded,
        Action<HandlerSettings>? configure = null) =>
        new(
            answers,
            settings =>
            {
                settings.AddressSelection = selection;
                configure?.Invoke(settings);
            }) { Http2 = http2 };

    private static Task<HttpConnection> Leased(NameRig rig) =>
        Guard.Within(rig.Ask(), () => $"Waited for a connection; {rig.Pool.GetSnapshot()}");

    /// <summary>One request after another; if they overlap, the connection is never idle.</summary>
    /// <returns>How many of them had to wait, but for the first.</returns>
    private static async Task<int> Busy(NameRig rig, TimeSpan until, bool overlap)
    {
        int waits = 0;
        HttpConnection current = await Leased(rig);
        while (rig.Now < until)
        {
            if (!overlap)
            {
                current.Release();
            }

            Task<HttpConnection> next = rig.Ask();
            waits += next.IsCompleted ? 0 : 1;
            HttpConnection leased = await Guard.Within(next, () => $"Waited for a connection; {rig.Pool.GetSnapshot()}");
            if (overlap)
            {
                current.Release();
            }

            current = leased;
            await rig.Pass(TimeSpan.FromSeconds(2.5));

            // Dials go on the thread pool; one to an address that is silent needs its time.
            await Eventually.IsTrue(() => rig.Origin.Dialing == 0 || !rig.Silent.IsEmpty, "the dials end");
        }

        current.Release();
        return waits;
    }

    private static IPAddress[] Addresses(int count) => NameRig.Addresses([.. Enumerable.Range(1, count)]);

    private static void AssertEven(Dictionary<IPAddress, int> counts, int addresses)
    {
        Assert.Equal(addresses, counts.Count);
        Assert.All(counts.Values, count => AssertNear(count, 1.0 / addresses));
    }

    /// <summary>Five times what chance gives or takes.</summary>
    private static void AssertNear(long count, double part) =>
        Assert.InRange(
            Math.Abs(count - (Processes * part)), 0, 5 * Math.Sqrt(Processes * part * (1 - part)));
}
