namespace Warmwire.Concurrency;

/// <summary>Constants of a limit that follows latency; docs/limits.md lists them.</summary>
internal static class ConcurrencyLimits
{
    /// <summary>Latencies that one window keeps. Of more that come, each has the same chance to be among them.</summary>
    public const int WindowSamples = 256;

    /// <summary>A window ends with at least so many.</summary>
    public const int EnoughSamples = 30;

    /// <summary>A window that has lasted <see cref="LongestWindow"/> ends with at least so many.</summary>
    public const int FewSamples = 5;

    /// <summary>Latencies that are measured anew with the limit lowered.</summary>
    public const int MeasureSamples = 50;

    /// <summary>The same of an origin that nothing is known of.</summary>
    public const int FirstMeasureSamples = 10;

    /// <summary>The limit of an origin that nothing is known of.</summary>
    public const int FirstMeasureLimit = 4;

    /// <summary>A window lasts at least this, or two round trips.</summary>
    public static readonly TimeSpan ShortestWindow = TimeSpan.FromMilliseconds(100);

    /// <summary>A window that has lasted this ends with fewer latencies.</summary>
    public static readonly TimeSpan LongestWindow = TimeSpan.FromSeconds(10);

    /// <summary>Measuring anew is given at least this, and at most <see cref="LongestMeasure"/>.</summary>
    public static readonly TimeSpan ShortestMeasure = TimeSpan.FromMilliseconds(200);

    /// <summary>Measuring anew ends after this, whatever came of it: what is under way may be long.</summary>
    public static readonly TimeSpan LongestMeasure = TimeSpan.FromSeconds(10);

    /// <summary>An origin that is idle loses half of what its limit has learned in this time.</summary>
    public static readonly TimeSpan HalfForgotten = TimeSpan.FromMinutes(1);

    /// <summary>An origin without an answer for this time is idle.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);
}
