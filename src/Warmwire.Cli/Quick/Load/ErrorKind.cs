namespace Warmwire.Cli.Quick.Load;

/// <summary>A failed request in one word, so that failures can be counted by what they are.</summary>
internal static class ErrorKind
{
    public static string Of(Exception error) => TransportErrorOf(error) switch
    {
        { IsTimeout: true } timeout => $"Timeout.{timeout.Phase}",
        { HttpRequestError: not HttpRequestError.Unknown } known => known.HttpRequestError.ToString(),
        { } other => $"Failed.{other.Phase}",
        null => error.GetType().Name,
    };

    public static string MessageOf(Exception error) => (TransportErrorOf(error) ?? error).Message.ReplaceLineEndings(" ");

    /// <summary>A body's reader gets it inside an <see cref="IOException"/>.</summary>
    private static TransportException? TransportErrorOf(Exception error) => error as TransportException ?? error.InnerException as TransportException;
}
