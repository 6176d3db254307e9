using System.Net.Sockets;
using System.Text;

namespace Warmwire.Diagnostics;

/// <summary>The texts of Unix domain sockets. Each names the socket's path, and the setting that governs.</summary>
internal static class UnixSocketErrorTexts
{
    public const string MustNotHaveNul =
        "The path of a Unix domain socket has no NUL in it. One at its beginning stands for an abstract name of Linux.";

    public const string CallbackToo =
        "PooledHttpHandler.UnixSocketPath and PooledHttpHandler.ConnectCallback are both set, and each of them says where every connection "
        + "leads. Set one of them. TransportOptions.UnixSocketPath of a request goes before a ConnectCallback.";

    public const string ProxyToo =
        "The request has TransportOptions.Proxy and goes through a Unix domain socket, which has no proxy. Remove the option, or set "
        + "TransportOptions.UnixSocketPath to null if the request is to go through the proxy and not through "
        + "PooledHttpHandler.UnixSocketPath.";

    private const string WhereFrom = "see PooledHttpHandler.UnixSocketPath and TransportOptions.UnixSocketPath";

    /// <summary>A path as texts show it: an abstract name begins with @, as Linux' own tools have it.</summary>
    public static string Show(string path) => path.Length > 0 && path[0] == '\0' ? $"@{path.AsSpan(1)}" : path;

    public static string At(string path) => $"at the Unix socket {Show(path)}";

    /// <summary>An origin and the socket before it, as errors name them.</summary>
    public static string Through(string origin, string path) => $"{origin} (through the Unix socket {Show(path)})";

    public static string MustBeSocketPath(string path) =>
        "The path of a Unix domain socket has at least one byte, and no more than the system's addresses have room for: 107 on Linux and "
        + $"Windows, 103 on macOS. This one has {Encoding.UTF8.GetByteCount(path)}.";

    /// <param name="path">The socket.</param>
    /// <param name="origin">What it was dialed for.</param>
    /// <param name="error">What the system said.</param>
    public static string ConnectFailed(string path, string origin, Exception error) =>
        $"Could not connect to the Unix socket {Show(path)} for {origin}: {ReasonOf(path, error)}; {WhereFrom}.";

    /// <param name="path">The socket.</param>
    /// <param name="origin">What it was dialed for.</param>
    /// <param name="timeout">The time that was over.</param>
    /// <param name="full">How often the server had no room for one more connection.</param>
    public static string ConnectTimedOut(string path, string origin, TimeSpan timeout, int full)
    {
        string why = full == 0 ? ""
            : $": its line of connections that the server has not accepted yet was full, at each of {full} attempts";
        return $"Could not connect to the Unix socket {Show(path)} for {origin} within {DialErrorTexts.Duration(timeout)}{why}; see "
            + "PooledHttpHandler.ConnectTimeout.";
    }

    // The system's own words are about addresses and hosts. These are about files.
    private static string ReasonOf(string path, Exception error) => (error as SocketException)?.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable => "there is no such file",
        SocketError.ConnectionRefused when path[0] == '\0' => "nobody listens on this abstract name",
        SocketError.ConnectionRefused => "nobody listens on it, or it is no socket",
        SocketError.AccessDenied =>
            "the system does not permit it; it takes write permission for the socket and search permission for the directories above it",
        SocketError.ProtocolType => "it is a socket of another type, not of streams",
        _ => DialErrorTexts.Reasons(error),
    };
}
