using Warmwire.Diagnostics;

namespace Warmwire.Settings;

/// <summary>What a timeout may be: the same for the properties of the handler and for the options of a request.</summary>
internal static class TimeoutRange
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(int.MaxValue);

    public static void RequirePositiveOrInfinite(TimeSpan value, string? setting)
    {
        if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value > s_longest))
        {
            throw new ArgumentOutOfRangeException(setting, value, ErrorTexts.MustBePositiveOrInfinite);
        }
    }

    public static void RequireNotNegativeOrInfinite(TimeSpan value, string? setting)
    {
        if (value != Timeout.InfiniteTimeSpan && (value < TimeSpan.Zero || value > s_longest))
        {
            throw new ArgumentOutOfRangeException(setting, value, ErrorTexts.MustNotBeNegative);
        }
    }
}
