using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>Name servers that fail or hang, and names that lead nowhere.</summary>
public sealed class NameOutageTests
{
    [Fact]
    public async Task A_name_server_that_hangs_is_asked_for_few_names_at_a_time_and_old_answers_serve()
    {
        const int Names = 200;
        var asking = new ConcurrentDictionary<string, int>();
        int most = 0;
        using var rig = new NameRig(static _ => NameRig.Addresses(1));
        for (int i = 0; i < Names; i++)
        {
            await rig.Exchange(1, Host(i));
        }

        Assert.Equal(Names, rig.LookUps);
        var recovered = new TaskCompletionSource();
        rig.ResolveAsync = async (host, _) =>
        {
            Assert.Equal(1, asking.AddOrUpdate(host, 1, static (_, count) => count + 1));
            InterlockedMax(ref most, asking.Values.Sum());
            var over = new TaskCompletionSource();
            await using ITimer timer = rig.Time.CreateTimer(
                _ => over.TrySetResult(), state: null, TimeSpan.FromSeconds(20), Timeout.InfiniteTimeSpan);
            await Task.WhenAny(recovered.Task, over.Task);
            asking.AddOrUpdate(host, 0, static (_, count) => count - 1);
            return recovered.Task.IsCompleted ? NameRig.Addresses(1) : throw new SocketException((int)SocketError.TryAgain);
        };

        for (int second = 0; second < 120; second++)
        {
            rig.Time.Advance(TimeSpan.FromSeconds(1));
            for (int i = second % 10; i < Names; i += 10)
            {
                // Also a dial has an address at once.
                HttpConnection one = await rig.Lease(Host(i));
                HttpConnection two = await rig.Lease(Host(i));
                one.Release();
                two.Close(CloseReason.ConnectionCloseHeader);
            }

            Assert.InRange(asking.Values.Sum(), 0, NameLimits.Refreshes);
        }

        Assert.InRange(most, 1, NameLimits.Refreshes);
        recovered.SetResult();
        await Eventually.IsTrue(
            () =>
            {
                rig.Time.Advance(TimeSpan.FromMilliseconds(100));
                return rig.LookUps > (2 * Names) - 20;
            },
            "names are resolved again when the server is back");
    }

    [Fact]
    public async Task A_name_that_fails_is_asked_for_with_pauses_that_double()
    {
        using var rig = new NameRig(static _ => NameRig.Addresses(1));
        await rig.Exchange(2);
        rig.ResolveAsync = static (_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain));
        await rig.Load(TimeSpan.FromHours(1), 2);
        Assert.InRange(rig.LookUps, 12, 22);
        Assert.Equal(2, rig.Origin.ConnectionsOpened);
        rig.ResolveAsync = null;
        await rig.Load(NameLimits.LongestPause + TimeSpan.FromMinutes(5), 2);
        Assert.InRange(rig.LookUps, 20, 40);
    }

    [Fact]
    public async Task Several_dials_share_the_first_look_up_of_a_name()
    {
        var answer = new TaskCompletionSource<IPAddress[]>();
        using var rig = new NameRig(static _ => []) { ResolveAsync = (_, _) => answer.Task };
        Task<HttpConnection>[] asked = [.. Enumerable.Range(0, 20).Select(_ => rig.Ask())];
        await Eventually.IsTrue(() => rig.Origin.Dialing == 20 && rig.LookUps == 1, "the dials begin");
        answer.SetResult(NameRig.Addresses(1));
        await Guard.Within(Task.WhenAll(asked), () => "Waited for connections");
        Assert.Equal(1, rig.LookUps);
    }

    [Theory]
    [InlineData(10, 12)]
    [InlineData(3, 5)]
    public async Task Attempts_to_connect_count_under_the_limit_and_all_addresses_have_their_turn(int limit, int requests)
    {
        // Five that are silent, and one that answers.
        using var rig = new NameRig(
            static _ => NameRig.Addresses(1, 2, 3, 4, 5, 6),
            settings =>
            {
                settings.MaxConnections = limit;
                settings.ConnectTimeout = TimeSpan.FromSeconds(15);
                settings.AddressSelection = AddressSelection.FirstReachable;
            });
        foreach (IPAddress silent in NameRig.Addresses(1, 2, 3, 4, 5))
        {
            rig.Silent[silent] = true;
        }

        var served = new List<Task>();
        for (int i = 0; i < requests; i++)
        {
            served.Add(ServeAsync(rig));
        }

        for (int step = 0; !Task.WhenAll(served).IsCompleted && step < 3000; step++)
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Eventually.IsTrue(() => rig.Connecting + rig.Origin.Open <= limit + 1, "few sockets");

            // Real time: attempts begin on the thread pool, and the clock must not run away from them.
            await Task.Delay(1);
        }

        await Guard.Within(Task.WhenAll(served), () => $"Waited for connections; {rig.Pool.GetSnapshot()}");
        Assert.InRange(rig.MostSockets, 1, limit + 1);
        Assert.Equal(0, rig.Origin.DialsFailed);
    }

    [Fact]
    public async Task The_permits_of_attempts_come_back()
    {
        using var rig = new NameRig(
            static _ => NameRig.Addresses(1, 2, 3),
            static settings =>
            {
                settings.MaxConnections = 3;
                settings.ConnectTimeout = TimeSpan.FromSeconds(2);
            });
        foreach (IPAddress silent in NameRig.Addresses(1, 2, 3))
        {
            rig.Silent[silent] = true;
        }

        for (int round = 0; round < 5; round++)
        {
            Task<HttpConnection> asked = rig.Ask();
            while (!asked.IsCompleted)
            {
                rig.Time.Advance(TimeSpan.FromMilliseconds(50));

                // Real time: attempts begin on the thread pool, and the clock must not run away from them.
                await Task.Delay(1);
            }

            TransportException e = await Assert.ThrowsAsync<TransportException>(() => asked);
            Assert.Contains("192.0.2.1: no answer in ", e.Message, StringComparison.Ordinal);
            Assert.Contains("192.0.2.3: no answer in ", e.Message, StringComparison.Ordinal);
        }

        rig.Silent.Clear();
        await Eventually.IsTrue(() => rig.Connecting == 0, "the attempts end");
        await rig.Exchange(3);
        Assert.Equal(3, rig.Origin.Open);
    }

    private static async Task ServeAsync(NameRig rig)
    {
        HttpConnection connection = await rig.Ask();
        connection.Release();
    }

    private static string Host(int number) => string.Create(CultureInfo.InvariantCulture, $"name{number}.test");

    private static void InterlockedMax(ref int most, int value)
    {
        int seen = Volatile.Read(ref most);
        while (value > seen)
        {
            int before = Interlocked.CompareExchange(ref most, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
