using System.Runtime.InteropServices;

namespace Warmwire.Bench.Client;

/// <summary>What the process has used so far, threads that have ended included.</summary>
internal readonly partial record struct ResourceUsage(
    double UserMicroseconds,
    double SystemMicroseconds,
    long VoluntarySwitches,
    long InvoluntarySwitches,
    long AllocatedBytes)
{
    public static ResourceUsage Now()
    {
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        if (!OperatingSystem.IsLinux())
        {
            Environment.ProcessCpuUsage cpu = Environment.CpuUsage;
            return new ResourceUsage(cpu.UserTime.TotalMicroseconds, cpu.PrivilegedTime.TotalMicroseconds, 0, 0, allocated);
        }

        GetResourceUsage(0, out RUsage usage);
        return new ResourceUsage(
            (usage.UserSeconds * 1e6) + usage.UserMicroseconds,
            (usage.SystemSeconds * 1e6) + usage.SystemMicroseconds,
            usage.VoluntarySwitches,
            usage.InvoluntarySwitches,
            allocated);
    }

    /// <summary>Writes what was used since an earlier moment.</summary>
    public void AddTo(Reply reply, in ResourceUsage earlier) => reply
        .Add("userUs", UserMicroseconds - earlier.UserMicroseconds)
        .Add("systemUs", SystemMicroseconds - earlier.SystemMicroseconds)
        .Add("voluntary", VoluntarySwitches - earlier.VoluntarySwitches)
        .Add("involuntary", InvoluntarySwitches - earlier.InvoluntarySwitches)
        .Add("allocated", AllocatedBytes - earlier.AllocatedBytes);

    [LibraryImport("libc", EntryPoint = "getrusage")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetResourceUsage(int who, out RUsage usage);

    /// <summary>Linux's <c>struct rusage</c>, 64 bits.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RUsage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
        public long MaxResident;
        public long SharedText;
        public long UnsharedData;
        public long UnsharedStack;
        public long MinorFaults;
        public long MajorFaults;
        public long Swaps;
        public long BlocksIn;
        public long BlocksOut;
        public long MessagesSent;
        public long MessagesReceived;
        public long Signals;
        public long VoluntarySwitches;
        public long InvoluntarySwitches;
    }
}
