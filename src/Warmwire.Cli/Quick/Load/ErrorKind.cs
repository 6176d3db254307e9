using System.Net.Sockets;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Quick.Load;

/// <summary>A failed request in one word, so that failures can be counted by what they are.</summary>
internal static class ErrorKind
{
    private static readonly Dictionary<string, string> s_options = new(StringComparer.Ordinal)
    {
        ["Timeout"] = "--timeout",
        ["RequestTimeout"] = "--timeout",
        ["ConnectTimeout"] = "--timeout",
        ["TlsHandshakeTimeout"] = "--timeout",
        ["SslOptions"] = "--insecure",
        ["MaxConnectionsPerServer"] = "--max-connections",
    };

    public static string Of(Exception error) => TransportErrorOf(error) switch
    {
        { IsTimeout: true } timeout => $"Timeout.{timeout.Phase}",
        { HttpRequestError: not HttpRequestError.Unknown } known => known.HttpRequestError.ToString(),
        { } other when SocketErrorOf(other) is { } socket => socket.SocketErrorCode.ToString(),
        { } other => $"Failed.{other.Phase}",
        null => error.GetType().Name,
    };

    /// <summary>What happened, with the options of <c>quick</c> where the library names its properties.</summary>
    public static string MessageOf(Exception error) =>
        SettingNames.Replace((TransportErrorOf(error) ?? error).Message.ReplaceLineEndings(" "), s_options);

    /// <summary>Why, without what failed: the system's own words where it was the system that refused.</summary>
    public static string ReasonOf(Exception error) => SocketErrorOf(error)?.Message.ReplaceLineEndings(" ") ?? MessageOf(error);

    /// <summary>Whether a pool that replays what is safe to replay would have sent the request again, and not shown this failure.</summary>
    public static bool IsReplaySafe(Exception error) => TransportErrorOf(error)?.IsReplaySafe == true;

    /// <summary>A body's reader gets it inside an <see cref="IOException"/>.</summary>
    private static TransportException? TransportErrorOf(Exception error) =>
        error as TransportException ?? error.InnerException as TransportException;

    private static SocketException? SocketErrorOf(Exception error)
    {
        Exception? inner = error;
        while (inner is not (null or SocketException))
        {
            inner = inner.InnerException;
        }

        return (SocketException?)inner;
    }
}
