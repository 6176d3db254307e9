using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>The loops of a group share one epoll, and as many are led as there is work for.</summary>
public sealed class SharedPollTests
{
    [Fact]
    public void One_more_loop_is_needed_when_all_that_are_led_are_always_at_work()
    {
        var demand = new LoopDemand();
        Assert.Equal([1], Decisions(ref demand, looks: 1, led: 1, atWork: static _ => 1));
        Assert.Equal([1], Decisions(ref demand, looks: 1, led: 3, atWork: static _ => 3));
        Assert.Equal([0], Decisions(ref demand, looks: 1, led: 1, atWork: static look => look % 2));
        Assert.Equal([0], Decisions(ref demand, looks: 1, led: 2, atWork: static look => 1 + (look % 2)));
        Assert.Equal(
            [1, 1, 0],
            Decisions(ref demand, looks: 3, led: 1, atWork: static look => look < 2 * SocketLimits.LooksUntilDecided ? 1 : 0));
    }

    [Fact]
    public void A_loop_is_let_go_when_the_others_can_do_its_work_with_room_to_spare()
    {
        var demand = new LoopDemand();
        Assert.Equal([-1], Decisions(ref demand, looks: 1, led: 2, atWork: static look => look % 2));
        Assert.Equal([0], Decisions(ref demand, looks: 1, led: 1, atWork: static _ => 0));
        Assert.Equal([0], Decisions(ref demand, looks: 1, led: 2, atWork: static _ => 1));
        Assert.Equal([-1], Decisions(ref demand, looks: 1, led: 3, atWork: static _ => 1));
    }

    [Fact]
    public async Task Two_loops_take_events_of_the_same_sockets_side_by_side()
    {
        using EventLoopGroup group = Make(loops: 2);
        using SocketPair first = await SocketPair.OpenAsync(group), second = await SocketPair.OpenAsync(group);
        group.ChangeLoops(atWork: 0, 1);
        Assert.Equal(2, group.LoopsLed);

        // Each callback waits for the other one; looked at as often as they are, neither is taken over before both run.
        using var both = new Barrier(2);
        Task one = MeetAsync(first), other = MeetAsync(second);
        await first.Peer.SendAsync("x"u8.ToArray());
        await second.Peer.SendAsync("x"u8.ToArray());
        await Guard.Within(Task.WhenAll(one, other), () => "Waited for both callbacks");

        async Task MeetAsync(SocketPair pair)
        {
            await pair.ReadAsync(1).ConfigureAwait(false);
            Assert.True(both.SignalAndWait(Guard.Limit));
        }
    }

    [Fact]
    public async Task A_loop_that_is_let_go_gives_its_thread_back_and_can_be_led_again()
    {
        using EventLoopGroup group = Make(loops: 3);
        using SocketPair pair = await SocketPair.OpenAsync(group);
        for (int round = 0; round < 20; round++)
        {
            group.ChangeLoops(atWork: 0, 1);
            group.ChangeLoops(atWork: 0, 1);
            group.ChangeLoops(atWork: 0, 1);
            Assert.Equal(3, group.LoopsLed);
            await EchoAsync();
            group.ChangeLoops(atWork: 0, -1);
            group.ChangeLoops(atWork: 0, -1);
            Assert.Equal(1, group.LoopsLed);
            await EchoAsync();
        }

        Assert.InRange(group.Threads, 1, 4);

        async Task EchoAsync()
        {
            for (int i = 0; i < 20; i++)
            {
                Task<int> read = Task.Run(() => pair.ReadAsync(1).AsTask());
                await pair.Peer.SendAsync("x"u8.ToArray());
                await Guard.Within(read, () => "Waited for the byte");
            }
        }
    }

    [Fact]
    public async Task A_callback_that_holds_nothing_up_is_taken_over_only_after_a_while()
    {
        using EventLoopGroup group = Make(loops: 1);
        using SocketPair pair = await SocketPair.OpenAsync(group);
        using var go = new ManualResetEventSlim();
        Task blocks = BlockAsync();
        await pair.Peer.SendAsync("x"u8.ToArray());
        await Eventually.IsTrue(() => group.BlockedThreads == 1, "it is taken over");
        go.Set();
        await Guard.Within(blocks, () => "Waited for the callback");
        await Eventually.IsTrue(() => group.BlockedThreads == 0, "its thread is back");

        async Task BlockAsync()
        {
            await pair.ReadAsync(1).ConfigureAwait(false);
            Assert.True(go.Wait(Guard.Limit));
        }
    }

    private static EventLoopGroup Make(int loops)
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        return new EventLoopGroup(loops);
    }

    private static List<int> Decisions(ref LoopDemand demand, int looks, int led, Func<int, int> atWork)
    {
        List<int> decisions = [];
        for (int look = 0; look < looks * SocketLimits.LooksUntilDecided; look++)
        {
            int? decided = demand.Note(led, atWork(look));
            Assert.Equal((look + 1) % SocketLimits.LooksUntilDecided == 0, decided.HasValue);
            decisions.AddRange(decided is { } wish ? [wish] : []);
        }

        return decisions;
    }
}
