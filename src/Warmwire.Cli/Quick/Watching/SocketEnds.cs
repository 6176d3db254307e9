using System.Buffers.Binary;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// Asks the system for the two ends of a socket that another process has open. It takes some microseconds, where the table of all sockets
/// takes milliseconds; the socket is held for that long. It needs the right to trace the process: the same user, or root where the system
/// restricts tracing.
/// </summary>
internal static class SocketEnds
{
    // The same on all 64-bit Linux systems.
    private const int OpenProcess = 434;
    private const int GetDescriptor = 438;

    private const int IPv4 = 2;
    private const int IPv6 = 10;
    private const int NoSuchDescriptor = 9;
    private const int LongestAddress = 128;

    /// <summary>Whether the system lets this program ask.</summary>
    public static bool MayAsk(int pid)
    {
        if (!Environment.Is64BitProcess || SystemCall(OpenProcess, pid, 0, 0) is not (>= 0 and var process))
        {
            return false;
        }

        // No process has this descriptor, but whether it may be asked for is looked at first.
        bool isRefused = SystemCall(GetDescriptor, process, int.MaxValue, 0) < 0 && Marshal.GetLastPInvokeError() != NoSuchDescriptor;
        _ = Close((int)process);
        return !isRefused;
    }

    /// <returns><see langword="null"/> if it is closed by now, has no other end, or may not be asked.</returns>
    public static TcpLine? Find(int pid, int descriptor, long inode)
    {
        if (!Environment.Is64BitProcess || SystemCall(OpenProcess, pid, 0, 0) is not (>= 0 and var process))
        {
            return null;
        }

        try
        {
            return SystemCall(GetDescriptor, process, descriptor, 0) is >= 0 and var socket ? Find(socket, inode) : null;
        }
        finally
        {
            _ = Close((int)process);
        }
    }

    private static TcpLine? Find(nint socket, long inode)
    {
        try
        {
            byte[] local = new byte[LongestAddress];
            byte[] remote = new byte[LongestAddress];
            int localLength = local.Length;
            int remoteLength = remote.Length;
            return GetLocalEnd((int)socket, local, ref localLength) == 0
                && GetRemoteEnd((int)socket, remote, ref remoteLength) == 0
                && Parse(local) is { } own
                && Parse(remote) is { } other
                    ? new TcpLine(own.Port, other, TcpState.Established, inode)
                    : null;
        }
        finally
        {
            _ = Close((int)socket);
        }
    }

    /// <summary>A <c>sockaddr</c>: family, port in network order, and the address.</summary>
    private static TcpRemote? Parse(ReadOnlySpan<byte> address)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        switch (MemoryMarshal.Read<ushort>(address))
        {
            case IPv4:
                return new TcpRemote(MemoryMarshal.Read<uint>(address[4..]), IsV6: false, port);
            case IPv6:
                UInt128 words = 0;
                foreach (uint word in MemoryMarshal.Cast<byte, uint>(address.Slice(8, 16)))
                {
                    words = (words << 32) | word;
                }

                return new TcpRemote(words, IsV6: true, port);
            default:
                return null;
        }
    }

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint SystemCall(nint number, nint first, nint second, nint third);

    [DllImport("libc", EntryPoint = "getsockname")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLocalEnd(int socket, byte[] address, ref int length);

    [DllImport("libc", EntryPoint = "getpeername")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetRemoteEnd(int socket, byte[] address, ref int length);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
