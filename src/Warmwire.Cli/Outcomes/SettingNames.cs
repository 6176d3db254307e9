using System.Text.RegularExpressions;

namespace Warmwire.Cli.Outcomes;

/// <summary>
/// The library's errors name the property that governs them, which means nothing to who runs a command: where the command has an option for
/// it that is named, and else nothing.
/// </summary>
internal static partial class SettingNames
{
    /// <param name="message">Of the library.</param>
    /// <param name="options">The command's options by the names of properties.</param>
    public static string Replace(string message, IReadOnlyDictionary<string, string> options)
    {
        string named = Setting().Replace(message, match =>
            options.TryGetValue(match.Groups["name"].Value, out string? option) ? option : match.Value);
        return Reference().Replace(named, "");
    }

    [GeneratedRegex(
        @"\b(PooledHttpHandler|TransportOptions)\.(?<name>[A-Z][A-Za-z0-9]+)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Setting();

    /// <summary>What is left: "; see PooledHttpHandler.PendingRequestTimeout, MaxConnectionsPerServer and MaxConnections".</summary>
    [GeneratedRegex(
        @"[;,.]?\s*\(?\b[Ss]ee (PooledHttpHandler|TransportOptions)\.[A-Za-z0-9]+(( and |, )[A-Z][A-Za-z0-9]+)*\)?",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reference();
}
