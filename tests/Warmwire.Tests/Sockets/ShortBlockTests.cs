using System.Net.Sockets;
using System.Runtime.InteropServices;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>Continuations that block for less than it takes to take a loop over, many at a time.</summary>
public sealed partial class ShortBlockTests
{
    private const int Sockets = 16;

    [Theory]
    [InlineData(400)]
    [InlineData(900)]
    public async Task Continuations_that_block_shortly_run_side_by_side(int microseconds)
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        using var group = new EventLoopGroup(loops: 1);
        using var stop = new CancellationTokenSource();
        bool blocks = true;
        int running = 0;
        int most = 0;
        var pairs = new List<SocketPair>();
        for (int i = 0; i < Sockets; i++)
        {
            pairs.Add(await SocketPair.OpenAsync(group));
        }

        Task[] echoing = [.. pairs.Select(pair => EchoAsync(pair.Peer, stop.Token))];
        Task[] asking = [.. pairs.Select(AskAsync)];
        await Eventually.IsTrue(() => Volatile.Read(ref most) >= Sockets / 2, "half of the continuations run at a time");
        Assert.NotEqual(0, group.Describe().BlockingPeriods);
        Volatile.Write(ref blocks, false);
        await Eventually.IsTrue(() => group is { HandsOver: false, LoopsLed: 1 }, "one loop is enough again");
        await stop.CancelAsync();
        await Guard.Within(Task.WhenAll(echoing), () => "the peers");
        await Guard.Within(Task.WhenAll(asking), () => "the sockets");
        await Eventually.IsTrue(() => group is { HandsOver: false, LoopsLed: 1 }, "an idle group has no more loops than it needs");
        pairs.ForEach(static pair => pair.Dispose());

        async Task AskAsync(SocketPair pair)
        {
            byte[] one = [1];
            while (!stop.IsCancellationRequested)
            {
                await pair.Stream.WriteAsync(one).ConfigureAwait(false);
                if (await pair.Stream.ReadAsync(one).ConfigureAwait(false) == 0)
                {
                    return;
                }

                if (Volatile.Read(ref blocks))
                {
                    int others = Interlocked.Increment(ref running);
                    for (int seen = most; others > seen; seen = most)
                    {
                        Interlocked.CompareExchange(ref most, others, seen);
                    }

                    // Real time: this is what is tested.
                    _ = Sleep((uint)microseconds);
                    Interlocked.Decrement(ref running);
                }
            }
        }

        static async Task EchoAsync(Socket peer, CancellationToken stop)
        {
            byte[] one = [1];
            try
            {
                while (await peer.ReceiveAsync(one, stop) > 0)
                {
                    await peer.SendAsync(one, stop);
                }
            }
            catch (OperationCanceledException)
            {
            }

            peer.Shutdown(SocketShutdown.Both);
        }
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sleep(uint microseconds);
}
