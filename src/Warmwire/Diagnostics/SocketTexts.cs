namespace Warmwire.Diagnostics;

/// <summary>The texts of failing reads and writes, and of why the event loop is not used.</summary>
internal static class SocketTexts
{
    public const string NotForThisSystem = "it is written for Linux on x64 and arm64";

    public const string NothingToRead = "The socket has nothing to read.";

    public const string ConcurrentReads = "A read of this connection is pending already.";

    public const string ConcurrentWrites = "A write to this connection is pending already.";

    public static string ReadFailed(Exception e) => $"Reading from the connection failed: {e.Message.TrimEnd('.', ' ')}.";

    public static string WriteFailed(Exception e) => $"Writing to the connection failed: {e.Message.TrimEnd('.', ' ')}.";

    public static string SetUpFailed(Exception e) => $"it could not be set up: {e.Message.TrimEnd('.', ' ')}";
}
