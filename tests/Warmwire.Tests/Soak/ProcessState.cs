using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using Warmwire.Buffers;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>What the process holds: for runs that have to leave it as it was.</summary>
/// <param name="Heap">Bytes of live objects, but for what our pool of buffers keeps.</param>
/// <param name="Threads">Threads of the operating system.</param>
/// <param name="Descriptors">Open descriptors, where the system tells them.</param>
/// <param name="Timers">Timers that are set.</param>
internal sealed record ProcessState(long Heap, int Threads, int Descriptors, long Timers)
{
    public static ProcessState Now()
    {
        for (int i = 0; i < 3; i++)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using var process = Process.GetCurrentProcess();
        int descriptors = Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : 0;
        return new ProcessState(
            GC.GetTotalMemory(forceFullCollection: true) - BufferPool.Shared.RetainedBytes,
            process.Threads.Count,
            descriptors,
            Timer.ActiveCount);
    }

    /// <param name="name">The variable of the environment that has the length of a run.</param>
    /// <param name="otherwise">The length in the suite.</param>
    public static double Length(string name, double otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>Nothing has grown since, but for what pools and caches may differ by.</summary>
    public void AssertFlatSince(ProcessState before, long heap = 2 * 1024 * 1024)
    {
        Assert.True(Heap - before.Heap <= heap, $"the heap has grown: {before} to {this}");

        // Threads of the pool and those of more loops come and go: on a busy machine a thread that is not run may look as if it blocked.
        Assert.True(Threads - before.Threads <= SocketLimits.LoopsOfBlockingCode, $"there are more threads: {before} to {this}");
        Assert.True(Descriptors - before.Descriptors <= 4, $"there are more descriptors: {before} to {this}");
        Assert.True(Timers - before.Timers <= 4, $"there are more timers: {before} to {this}");
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"heap {Heap / 1024:N0} KB, {Threads} threads, {Descriptors} descriptors, {Timers} timers");
}
