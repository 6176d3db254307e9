using System.Runtime;
using Warmwire.Buffers;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>What a soak holds when it is idle, measured twice: the difference is what its requests have left behind.</summary>
/// <param name="Memory">Bytes of the managed heap.</param>
/// <param name="Requests">How many requests there had been.</param>
internal sealed record QuietMoment(long Memory, long Requests)
{
    // What one request may leave behind on average. The smallest thing that could leak with every request, an empty object, has 24 bytes.
    private const int BytesPerRequest = 16;

    // Indexes of GCMemoryInfo.GenerationInfo.
    private const int LargeObjects = 3;
    private const int PinnedObjects = 4;

    // Our pool at its limit, and a few dozen threads with a few arrays each.
    private const long MaxLargeBytes = 160 * 1024 * 1024;

    /// <summary>
    /// Everything has ended by itself; then no connection is left on either side, and the rest is what the process keeps.
    /// </summary>
    /// <param name="handler">The client.</param>
    /// <param name="sent">Requests so far.</param>
    /// <param name="leaked">Responses that were left to the garbage collector on purpose, all of which must be found.</param>
    /// <param name="serverOpen">Connections at the servers.</param>
    /// <param name="sockets">The client's sockets.</param>
    public static async Task<QuietMoment> ComeAsync(
        PooledHttpHandler handler, long sent, long leaked, Func<int> serverOpen, SocketWatch sockets)
    {
        try
        {
            await Eventually.IsTrue(IsQuiet, "every connection is idle and every leaked response was found");
        }
        catch (TimeoutException e)
        {
            PoolSnapshot stuck = handler.GetSnapshot();
            throw new TimeoutException(
                $"{e.Message}: {leaked} leaked on purpose, {stuck.Origins.Sum(static o => o.LeakedResponses)} found\n{stuck}\n"
                + string.Join('\n', stuck.Origins.SelectMany(static o => o.Connections).Where(static c => c.State != "Idle")), e);
        }

        PoolSnapshot rest = handler.GetSnapshot();
        Assert.Equal(rest.ConnectionsOpened, rest.Open + rest.Origins.Sum(static o => o.ClosedBy.Values.Sum()));
        Assert.Equal(rest.Open, handler.CloseIdleConnections());
        await Eventually.IsTrue(() => serverOpen() == 0, "the servers saw every connection end");

        // Not one: every dial ended, and every connection is closed.
        try
        {
            await Eventually.IsTrue(() => sockets.LeftOpen().Count == 0, "every socket of the client was closed");
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{string.Join('\n', sockets.LeftOpen().Take(20))}", e);
        }

        // Memory that pools trim with the garbage collections of the oldest generation.
        for (int i = 0; i < 4; i++)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        bool IsQuiet()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            PoolSnapshot now = handler.GetSnapshot();
            return now is { Active: 0, Pending: 0, Dialing: 0 } && now.Origins.Sum(static o => o.StreamsActive) == 0
                && now.Origins.Sum(static o => o.LeakedResponses) == leaked;
        }

        return new QuietMoment(HeldBytes(), sent);
    }

    /// <summary>
    /// The managed heap without what pools keep of a burst, which says nothing: ours, which has its own limit; that of the server in the
    /// same process, whose blocks are the only pinned objects of any size; and .NET's, whose large arrays stay with each thread for half
    /// a minute.
    /// </summary>
    private static long HeldBytes()
    {
        Assert.InRange(BufferPool.Shared.RetainedBytes, 0, BufferPool.MaxRetainedBytes);
        long all = GC.GetTotalMemory(forceFullCollection: true);
        GCMemoryInfo info = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        long large = info.GenerationInfo[LargeObjects].SizeAfterBytes;
        Assert.InRange(large, 0, MaxLargeBytes);
        return all - large - info.GenerationInfo[PinnedObjects].SizeAfterBytes;
    }

    /// <summary>The heap has not grown since, but for what may differ between two quiet moments.</summary>
    /// <param name="before">An earlier moment.</param>
    /// <param name="slack">What buffer pools of both sides, thread-local caches and lists at their high-water mark may differ by.</param>
    public void AssertNotGrownSince(QuietMoment before, long slack) =>
        Assert.InRange(Memory - before.Memory, long.MinValue, slack + ((Requests - before.Requests) * BytesPerRequest));
}
