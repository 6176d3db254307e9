namespace Warmwire.Cli.Outcomes;

/// <summary>Why a file cannot be read or written, in one line.</summary>
internal static class FileReason
{
    /// <summary>Whether it is about the file, and not a fault of this program.</summary>
    public static bool IsOne(Exception error) =>
        error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    public static string Of(string path, Exception error) => error switch
    {
        _ when Directory.Exists(path) => $"{path} is a directory",
        FileNotFoundException => $"there is no file {path}",
        DirectoryNotFoundException => $"there is no folder {Path.GetDirectoryName(Path.GetFullPath(path))}",
        UnauthorizedAccessException => $"{path} cannot be accessed: permission denied",
        _ => error.Message.ReplaceLineEndings(" "),
    };
}
