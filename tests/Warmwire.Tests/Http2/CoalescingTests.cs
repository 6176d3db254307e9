using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Warmwire.Tests.Sockets;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>What many requests have to say leaves in few sends.</summary>
public class CoalescingTests
{
    private const int Burst = 64;

    [Fact]
    public async Task Requests_that_one_callback_of_a_loop_begins_leave_in_one_send()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        using OnLoop loop = await OnLoop.StartAsync();
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync();

        // A loop that another thread takes over in the middle sends what it has; so try again.
        for (int attempt = 0; ; attempt++)
        {
            long takeovers = loop.Group.Takeovers;
            int before = peer.End.ClientWrites;
            Task<HttpResponseMessage>[] sent = [];
            await loop.RunAsync(
                () => sent = [.. Enumerable.Range(0, Burst).Select(_ => rig.Invoker.SendAsync(Http2Rig.Get(), CancellationToken.None))]);
            for (int i = 0; i < Burst; i++)
            {
                PeerRequest request = await peer.ReadRequestAsync();
                await peer.SendHeadersAsync(request.StreamId, [(":status", "200")], endStream: true);
            }

            Array.ForEach(await Guard.Within(Task.WhenAll(sent), () => "the answers"), static response => response.Dispose());
            if (loop.Group.Takeovers == takeovers)
            {
                Assert.Equal(before + 1, peer.End.ClientWrites);
                return;
            }

            Assert.True(attempt < 20, "each time the loop was taken over");
        }
    }

    [Fact]
    public async Task Requests_that_come_while_a_send_is_under_way_leave_in_the_next()
    {
        using var rig = new Http2Rig(configure: null, new MemoryTransportOptions { WriteCapacity = 1 });
        Http2Peer peer = await rig.WarmUpAsync();
        int before = peer.End.ClientWrites;
        Task<HttpResponseMessage>[] sent = [.. Enumerable.Range(0, Burst).Select(_ => rig.SendAsync(Http2Rig.Get()))];
        for (int i = 0; i < Burst; i++)
        {
            PeerRequest request = await peer.ReadRequestAsync();
            await peer.SendHeadersAsync(request.StreamId, [(":status", "200")], endStream: true);
        }

        Array.ForEach(await Task.WhenAll(sent), static response => response.Dispose());
        Assert.InRange(peer.End.ClientWrites - before, 1, 3);
    }
}
