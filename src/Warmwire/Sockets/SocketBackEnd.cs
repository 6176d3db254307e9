using System.Runtime.InteropServices;
using Warmwire.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>What moves the bytes.</summary>
internal enum SocketBackEnd
{
    /// <summary>The library's own loops over epoll; Linux on x64 and arm64 only.</summary>
    EventLoop,

    /// <summary>System.Net.Sockets.</summary>
    Managed,
}

/// <summary>The choice of a back end: the environment before the AppContext switch before what fits the system.</summary>
internal static class SocketBackEnds
{
    public const string Variable = "WARMWIRE_SOCKETS";
    public const string Switch = "Warmwire.Sockets.UseEventLoop";

    /// <summary>Read once for the process.</summary>
    public static SocketBackEnd Default { get; } = Choose(
        Environment.GetEnvironmentVariable(Variable),
        AppContext.TryGetSwitch(Switch, out bool useEventLoop) ? useEventLoop : null,
        EventLoopFits);

    /// <summary>Whether this is a system the event loop was written for.</summary>
    public static bool EventLoopFits =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <param name="variable">The value of the environment variable, if it is set.</param>
    /// <param name="useEventLoop">The value of the switch, if it is set.</param>
    /// <param name="fits">Whether the event loop can run here.</param>
    internal static SocketBackEnd Choose(string? variable, bool? useEventLoop, bool fits)
    {
        SocketBackEnd? named = variable switch
        {
            "epoll" => SocketBackEnd.EventLoop,
            "managed" => SocketBackEnd.Managed,
            _ => null,
        };
        if (named is null && !string.IsNullOrEmpty(variable))
        {
            WarmwireEventSource.Log.SocketSettingIgnored(Variable, variable);
        }

        SocketBackEnd? wanted = named ?? useEventLoop switch
        {
            true => SocketBackEnd.EventLoop,
            false => SocketBackEnd.Managed,
            null => null,
        };
        if (wanted == SocketBackEnd.EventLoop && !fits)
        {
            WarmwireEventSource.Log.EventLoopUnavailable(SocketTexts.NotForThisSystem);
        }

        return fits ? wanted ?? SocketBackEnd.EventLoop : SocketBackEnd.Managed;
    }
}
