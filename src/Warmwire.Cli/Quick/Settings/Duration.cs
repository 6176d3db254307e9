using System.Globalization;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>A time as it is written: seconds, or <c>500ms</c>, <c>90s</c>, <c>5m</c>, <c>1h</c>.</summary>
internal static class Duration
{
    /// <returns>Seconds, from 1 ms to 7 days; <see langword="null"/> if the text is no such time.</returns>
    public static double? TryParse(string text)
    {
        (string number, double unit) = text switch
        {
            [.. var milliseconds, 'm', 's'] => (milliseconds, 0.001),
            [.. var seconds, 's'] => (seconds, 1),
            [.. var minutes, 'm'] => (minutes, 60),
            [.. var hours, 'h'] => (hours, 3600),
            _ => (text, 1.0),
        };
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value * unit is >= 0.001 and <= QuickSettings.MaxDurationSeconds
                ? value * unit
                : null;
    }
}
