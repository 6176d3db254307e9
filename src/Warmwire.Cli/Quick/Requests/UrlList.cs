using System.Globalization;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Quick.Requests;

/// <summary>
/// Reads a list of URLs: one on each line, after it its weight if it is not 1. Empty lines and those that begin with <c>#</c> are passed
/// over.
/// </summary>
internal static class UrlList
{
    public const int MaxUrls = 100_000;

    private const double MaxWeight = 1_000_000;

    /// <param name="path">A file, or <c>-</c> for standard input.</param>
    /// <param name="cancellationToken">Ends the wait for standard input.</param>
    /// <exception cref="CommandFailure">It cannot be read, or a line is no URL.</exception>
    public static async Task<IReadOnlyList<UrlTarget>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        string name = path == "-" ? "standard input" : path;
        try
        {
            using TextReader reader = path == "-" ? Console.In : new StreamReader(path);
            return await ReadAsync(name, reader, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure($"the list of URLs cannot be read: {error.Message}", error, ExitCodes.Usage);
        }
    }

    internal static async Task<IReadOnlyList<UrlTarget>> ReadAsync(string name, TextReader reader, CancellationToken cancellationToken)
    {
        var targets = new List<UrlTarget>();
        int number = 0;
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            number++;
            if (line.Trim() is { Length: > 0 } text && text[0] != '#')
            {
                targets.Add(Parse(text, string.Create(CultureInfo.InvariantCulture, $"{name}, line {number}")));
            }

            if (targets.Count > MaxUrls)
            {
                throw new CommandFailure(
                    string.Create(CultureInfo.InvariantCulture, $"{name} has more than {MaxUrls:N0} URLs"), ExitCodes.Usage);
            }
        }

        return targets.Count > 0 ? targets : throw new CommandFailure($"{name} has no URL", ExitCodes.Usage);
    }

    private static UrlTarget Parse(string text, string where)
    {
        string[] fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        double weight = 1;
        bool isWeighted = fields.Length == 2
            && double.TryParse(fields[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out weight)
            && weight is > 0 and <= MaxWeight;
        if (fields.Length > 1 && !isWeighted)
        {
            string rest = text[fields[0].Length..].Trim();
            throw new CommandFailure(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{where}: after the URL may follow one weight, more than 0 and at most {MaxWeight:N0}, not '{rest}'"),
                ExitCodes.Usage);
        }

        return UrlTarget.TryParse(fields[0], "the URL", weight, out UrlTarget? target, out string? problem)
            ? target
            : throw new CommandFailure($"{where}: {problem}", ExitCodes.Usage);
    }
}
