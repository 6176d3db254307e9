using System.Runtime.InteropServices;

namespace Warmwire.Sockets;

/// <summary>
/// The system calls of the event loop, on Linux. What can fail returns the negated error number, as the kernel itself does it; calls that a
/// signal interrupted are made again.
/// </summary>
/// <remarks>
/// The constants are those of x64 and arm64, which take all of these from the kernel's generic headers; other architectures differ. The
/// error number is read directly behind the call: the runtime keeps it across what it does itself on the way back from native code.
/// </remarks>
internal static unsafe partial class LibC
{
    public const int EPERM = 1;
    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int EPIPE = 32;
    public const int EINPROGRESS = 115;

    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int SOCK_STREAM = 1;
    public const int SOCK_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int IPPROTO_TCP = 6;
    public const int SOL_SOCKET = 1;
    public const int SO_ERROR = 4;
    public const int SO_KEEPALIVE = 9;
    public const int TCP_NODELAY = 1;
    public const int TCP_KEEPIDLE = 4;
    public const int TCP_KEEPINTVL = 5;
    public const int MSG_PEEK = 0x2;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_NOSIGNAL = 0x4000;

    public const int EPOLL_CLOEXEC = 0x80000;
    public const int EPOLL_CTL_ADD = 1;
    public const uint EPOLLIN = 0x1;
    public const uint EPOLLPRI = 0x2;
    public const uint EPOLLOUT = 0x4;
    public const uint EPOLLERR = 0x8;
    public const uint EPOLLHUP = 0x10;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLET = 0x8000_0000;

    public const int EFD_NONBLOCK = 0x800;
    public const int EFD_CLOEXEC = 0x80000;

    public const int CLOCK_THREAD_CPUTIME_ID = 3;
    public const int RUSAGE_THREAD = 1;

    public const short POLLIN = 0x1;
    public const short POLLRDHUP = 0x2000;

    private const int SYS_gettid = 178;
    private const int SYS_gettid_x64 = 186;

    private const string Library = "libc";

    public static int Socket(int family, int type, int protocol) => Result(NativeSocket(family, type, protocol));

    /// <summary>An interrupted connect goes on by itself, so it is in progress.</summary>
    public static int Connect(int descriptor, ReadOnlySpan<byte> address)
    {
        fixed (byte* pointer = address)
        {
            int result = Result(NativeConnect(descriptor, pointer, (uint)address.Length));
            return result == -EINTR ? -EINPROGRESS : result;
        }
    }

    public static int SetOption(int descriptor, int level, int name, int value) =>
        Result(NativeSetOption(descriptor, level, name, &value, sizeof(int)));

    public static int GetOption(int descriptor, int level, int name, out int value)
    {
        int found = 0;
        uint length = sizeof(int);
        int result = Result(NativeGetOption(descriptor, level, name, &found, &length));
        value = found;
        return result;
    }

    public static int Receive(int descriptor, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                int result = Result(NativeReceive(descriptor, pointer, (nuint)buffer.Length, flags: 0));
                if (result != -EINTR)
                {
                    return result;
                }
            }
        }
    }

    /// <summary>Whether a socket has something to receive, which stays there: 1 for a byte, 0 for the end, or an error number.</summary>
    /// <remarks>Half of what <c>ppoll</c> costs, which every request of a connection that was idle would pay.</remarks>
    public static int Peek(int descriptor)
    {
        byte next;
        while (true)
        {
            int result = Result(NativeReceive(descriptor, &next, 1, MSG_PEEK | MSG_DONTWAIT));
            if (result != -EINTR)
            {
                return result;
            }
        }
    }

    /// <summary>A broken connection is an error number here, and no signal.</summary>
    public static int Send(int descriptor, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                int result = Result(NativeSend(descriptor, pointer, (nuint)buffer.Length, MSG_NOSIGNAL));
                if (result != -EINTR)
                {
                    return result;
                }
            }
        }
    }

    /// <summary>Not made again when interrupted: on Linux the descriptor is gone by then, and its number may be somebody else's.</summary>
    public static void Close(int descriptor) => _ = NativeClose(descriptor);

    public static int EpollCreate() => Result(NativeEpollCreate(EPOLL_CLOEXEC));

    public static int EpollAdd(int epoll, int descriptor, uint events, ulong data)
    {
        Span<byte> memory = stackalloc byte[EpollLayout.Current.Size];
        EpollLayout.Current.Write(memory, events, data);
        fixed (byte* pointer = memory)
        {
            return Result(NativeEpollControl(epoll, EPOLL_CTL_ADD, descriptor, pointer));
        }
    }

    /// <summary>Waits without end for at least one event.</summary>
    public static int EpollWait(int epoll, byte* events, int count)
    {
        while (true)
        {
            int result = Result(NativeEpollWait(epoll, events, count, -1));
            if (result != -EINTR)
            {
                return result;
            }
        }
    }

    public static int EventDescriptor() => Result(NativeEventDescriptor(0, EFD_NONBLOCK | EFD_CLOEXEC));

    /// <summary>Makes an event descriptor readable.</summary>
    public static void Signal(int eventDescriptor)
    {
        // The only failure besides an interruption is a count of 2^64 - 1, which is readable too.
        ulong one = 1;
        while (Result(NativeWrite(eventDescriptor, &one, sizeof(ulong))) == -EINTR)
        {
        }
    }

    /// <summary>Makes an event descriptor unreadable again.</summary>
    public static void Unsignal(int eventDescriptor)
    {
        ulong count;
        while (Result(NativeRead(eventDescriptor, &count, sizeof(ulong))) == -EINTR)
        {
        }
    }

    /// <summary>Whether a descriptor of any kind has something now. Bytes, the end and a failure of a socket stay there.</summary>
    public static bool IsReady(int descriptor) => Poll(descriptor, POLLIN | POLLRDHUP, TimeSpan.Zero) != 0;

    /// <summary>Waits for input at a descriptor; without a time, without end. May come back early without any, if a signal came.</summary>
    public static bool WaitForInput(int descriptor, TimeSpan? time) => Poll(descriptor, POLLIN, time) > 0;

    /// <summary>The processor time that this thread has used.</summary>
    public static TimeSpan ProcessorTimeOfThread()
    {
        TimeSpecification time = default;
        _ = NativeGetTime(CLOCK_THREAD_CPUTIME_ID, &time);
        return new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick));
    }

    /// <summary>How often this thread has given up its processor to wait for something.</summary>
    public static long VoluntarySwitchesOfThread()
    {
        ResourceUsage usage = default;
        _ = NativeGetUsage(RUSAGE_THREAD, &usage);
        return usage.VoluntarySwitches;
    }

    /// <summary>The system's number of this thread, as in /proc.</summary>
    public static int NumberOfThread() =>
        (int)NativeSystemCall(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? SYS_gettid_x64 : SYS_gettid);

    /// <summary>The processors that this thread may run on, a bit for each.</summary>
    public static bool ProcessorsOfThread(Span<ulong> processors)
    {
        fixed (ulong* pointer = processors)
        {
            return NativeGetAffinity(0, (nuint)(processors.Length * sizeof(ulong)), pointer) == 0;
        }
    }

    private static int Poll(int descriptor, short events, TimeSpan? time)
    {
        var request = new PollRequest { Descriptor = descriptor, Events = events };
        var wait = new TimeSpecification();
        if (time is { } limit)
        {
            (long seconds, long rest) = Math.DivRem(limit.Ticks, TimeSpan.TicksPerSecond);
            wait.Seconds = seconds;
            wait.Nanoseconds = rest * TimeSpan.NanosecondsPerTick;
        }

        while (true)
        {
            int result = Result(NativePoll(&request, 1, time is null ? null : &wait, null));
            if (result != -EINTR || time != TimeSpan.Zero)
            {
                return result;
            }
        }
    }

    private static int Result(nint result) => result >= 0 ? (int)result : -Marshal.GetLastSystemError();

    [LibraryImport(Library, EntryPoint = "socket")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeSocket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "connect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeConnect(int descriptor, byte* address, uint length);

    [LibraryImport(Library, EntryPoint = "setsockopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeSetOption(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport(Library, EntryPoint = "getsockopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeGetOption(int descriptor, int level, int name, void* value, uint* length);

    [LibraryImport(Library, EntryPoint = "recv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint NativeReceive(int descriptor, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "send")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint NativeSend(int descriptor, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeClose(int descriptor);

    [LibraryImport(Library, EntryPoint = "epoll_create1")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeEpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeEpollControl(int epoll, int operation, int descriptor, byte* request);

    [LibraryImport(Library, EntryPoint = "epoll_wait")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeEpollWait(int epoll, byte* events, int count, int milliseconds);

    [LibraryImport(Library, EntryPoint = "eventfd")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeEventDescriptor(uint count, int flags);

    [LibraryImport(Library, EntryPoint = "ppoll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativePoll(PollRequest* requests, nuint count, TimeSpecification* time, void* signals);

    [LibraryImport(Library, EntryPoint = "read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint NativeRead(int descriptor, void* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint NativeWrite(int descriptor, void* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeGetTime(int clock, TimeSpecification* time);

    [LibraryImport(Library, EntryPoint = "getrusage")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeGetUsage(int who, ResourceUsage* usage);

    /// <summary>By number: the library's own function for it is newer than the oldest library that .NET supports.</summary>
    [LibraryImport(Library, EntryPoint = "syscall")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint NativeSystemCall(nint number);

    [LibraryImport(Library, EntryPoint = "sched_getaffinity")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NativeGetAffinity(int process, nuint size, ulong* processors);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Found;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>Two times of two words each, twelve words that are not looked at, and the switches.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    private struct ResourceUsage
    {
        [FieldOffset(128)]
        public long VoluntarySwitches;
    }
}
