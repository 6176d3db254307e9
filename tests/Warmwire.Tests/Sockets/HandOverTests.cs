using System.Net.Sockets;
using System.Runtime.InteropServices;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>Continuations that block for less than it takes to take a loop over, many at a time.</summary>
public sealed partial class HandOverTests
{
    private const int Sockets = 16;

    [Theory]
    [InlineData(400)]
    [InlineData(900)]
    public async Task Continuations_that_block_shortly_go_to_the_thread_pool_and_come_back(int microseconds)
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "There is no event loop for this system.");
        using var group = new EventLoopGroup(loops: 1);
        using var stop = new CancellationTokenSource();
        bool blocks = true;
        int onPool = 0;
        int onLoop = 0;
        var pairs = new List<SocketPair>();
        for (int i = 0; i < Sockets; i++)
        {
            pairs.Add(await SocketPair.OpenAsync(group));
        }

        Task[] echoing = [.. pairs.Select(pair => EchoAsync(pair.Peer, stop.Token))];
        Task[] asking = [.. pairs.Select(AskAsync)];
        await Eventually.IsTrue(() => Volatile.Read(ref onPool) > 1000, "continuations run on the thread pool");
        Assert.NotEqual(0, group.Describe().HandOvers);
        Volatile.Write(ref blocks, false);
        await Eventually.IsTrue(() => !group.HandsOver, "it is tried again on the loop");
        Volatile.Write(ref onLoop, 0);
        await Eventually.IsTrue(() => Volatile.Read(ref onLoop) > 1000, "continuations run on the loop again");
        await stop.CancelAsync();
        await Guard.Within(Task.WhenAll(echoing), () => "the peers");
        await Guard.Within(Task.WhenAll(asking), () => "the sockets");
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

                Interlocked.Increment(ref Thread.CurrentThread.IsThreadPoolThread ? ref onPool : ref onLoop);
                if (Volatile.Read(ref blocks))
                {
                    // Real time: this is what is tested.
                    _ = Sleep((uint)microseconds);
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
