using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>The end of the pool, while code of the user's stands in its way.</summary>
public class DisposalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_callback_registered_with_the_token_of_its_dial_holds_up_no_close(bool blocks)
    {
        using var release = new ManualResetEventSlim();
        var registered = new TaskCompletionSource();
        int ran = 0;
        using var rig = new StubRig(settings => settings.ConnectCallback = async (context, token) =>
        {
            if (context.DnsEndPoint.Host == "slow.test")
            {
                token.Register(() =>
                {
                    Interlocked.Increment(ref ran);
                    if (blocks)
                    {
                        release.Wait();
                    }

                    throw new InvalidOperationException("the user's registration");
                });
                registered.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
            }

            return Stream.Null;
        });
        StubConnection busy = await rig.Lease();
        StubConnection idle = await rig.Lease("b.test");
        idle.Release();
        Task<StubConnection> waiting = rig.Lease("slow.test");
        await Guard.Within(registered.Task, () => "the callback runs");

        await Guard.Within(Task.Run(rig.Pool.Dispose), () => "the disposal waits for the user's registration");
        Assert.Equal((CloseReason.Disposed, CloseReason.Disposed), (busy.ClosedFor, idle.ClosedFor));
        await Assert.ThrowsAsync<TransportException>(() => waiting);
        release.Set();
        await Eventually.IsTrue(() => Volatile.Read(ref ran) == 1, "the dial's token is cancelled");
    }

    [Fact]
    public async Task A_connection_that_throws_as_it_closes_does_not_keep_others_open()
    {
        using var rig = new SharedRig(limit: 1);
        StubMultiplexedConnection[] open = [await rig.Lease(), await rig.Lease(), await rig.Lease()];
        open[1].OnClose = static _ => throw new InvalidOperationException("a stream of the user's");
        rig.Pool.Dispose();
        Assert.Equal((CloseReason.Disposed, CloseReason.Disposed), (open[0].ClosedFor, open[2].ClosedFor));
    }
}
