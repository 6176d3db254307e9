using System.Runtime.InteropServices;

namespace Warmwire.Sockets;

/// <summary>How many files and sockets the operating system lets this process open.</summary>
internal static partial class DescriptorLimit
{
    private const int ResourceNoFileLinux = 7;
    private const int ResourceNoFileBsd = 8;

    /// <summary>
    /// Three quarters of the limit, so that the program never meets "too many open files" because of this library; unlimited where there is
    /// no such limit.
    /// </summary>
    public static int DefaultMaxConnections { get; } = Read(
        ) is { } limit ? (int)Math.Clamp(limit / 4 * 3, 16, int.MaxValue) : int.MaxValue;

    private static long? Read()
    {
        // The runtime has raised the soft limit to the hard one by now; Windows knows no limit per process.
        int resource = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? ResourceNoFileLinux
            : OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD() || OperatingSystem.IsIOS() ? ResourceNoFileBsd
            : -1;
        if (resource < 0)
        {
            return null;
        }

        try
        {
            return GetResourceLimit(resource, out ResourceLimit limit) == 0 && limit.Current <= long.MaxValue ? (long)limit.Current : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetResourceLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public nuint Current;
        public nuint Maximum;
    }
}
