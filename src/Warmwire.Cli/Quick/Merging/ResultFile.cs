using System.Text.Json;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>Reads a result, and tells in one line why it cannot be read.</summary>
internal static class ResultFile
{
    /// <exception cref="CommandFailure">It cannot be read, or is no result.</exception>
    public static async Task<NamedResult> ReadAsync(string path, CancellationToken cancellationToken)
    {
        string text;
        try
        {
            text = await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailure($"there is no file {path}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(
                $"{path} cannot be read: {(Directory.Exists(path) ? "it is a directory" : error.Message.ReplaceLineEndings(" "))}", error);
        }

        try
        {
            return new NamedResult(path, QuickJson.Read(text));
        }
        catch (JsonException error)
        {
            throw new CommandFailure(IsJson(text) ? $"{path} is not a result of warmwire quick" : $"{path} is not JSON", error);
        }
    }

    private static bool IsJson(string text)
    {
        try
        {
            JsonDocument.Parse(text).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
