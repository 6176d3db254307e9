using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Warmwire.Cli.Quick.Results;

/// <summary>The value of <c>--percentiles</c>, and how a percentile is named.</summary>
internal static class PercentileList
{
    public const int MaxCount = 20;

    /// <param name="text">Such as <c>50,75,99.99</c>.</param>
    /// <param name="percentiles">Each once, in ascending order.</param>
    /// <param name="error">What is wrong, in one line; <see langword="null"/> if nothing is.</param>
    public static bool TryParse(string text, out IReadOnlyList<double> percentiles, [NotNullWhen(false)] out string? error)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        var read = new SortedSet<double>();
        (percentiles, error) = ([], null);
        foreach (string part in parts)
        {
            if (!double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percentile)
                || percentile is not (> 0 and < 100))
            {
                error = $"--percentiles must be numbers between 0 and 100, such as 50,75,99.99; '{part}' is none";
                return false;
            }

            read.Add(percentile);
        }

        if (read.Count > MaxCount)
        {
            error = $"--percentiles has {read.Count} percentiles; {MaxCount} is the maximum";
            return false;
        }

        percentiles = [.. read];
        return true;
    }

    /// <summary>As people write it: <c>p99.9</c>.</summary>
    public static string NameOf(double percentile) => "p" + percentile.ToString("0.##########", CultureInfo.InvariantCulture);

    /// <summary>As a key of JSON that needs no quotes: <c>p99_9</c>.</summary>
    public static string KeyOf(double percentile) => NameOf(percentile).Replace('.', '_');

    /// <summary>The name that belongs to a key.</summary>
    public static string NameOfKey(string key) => key.Replace('_', '.');
}
