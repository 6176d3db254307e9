using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>The times when results ran, in ticks since the first of them began.</summary>
internal sealed class WallClock
{
    private readonly IReadOnlyList<NamedResult> _parts;

    public WallClock(IReadOnlyList<NamedResult> parts)
    {
        _parts = parts;
        StartedAt = parts.Min(static part => part.Result.StartedAt);
        ElapsedSeconds = (double)parts.Max(EndOf) / TimeSpan.TicksPerSecond;
    }

    public DateTimeOffset StartedAt { get; }

    /// <summary>From the earliest start to the latest end.</summary>
    public double ElapsedSeconds { get; }

    public static long TicksOf(double seconds) => (long)Math.Round(Math.Clamp(seconds, 0, 1e10) * TimeSpan.TicksPerSecond);

    public long StartOf(NamedResult part) => (part.Result.StartedAt - StartedAt).Ticks;

    /// <summary>
    /// The rate of all together: the largest sum of the rates of those that ran at one moment. For the shards of a run this is the sum over
    /// all of them; runs one after another do not become faster by being merged.
    /// </summary>
    public double Together(Func<QuickResult, double> rateOf)
    {
        double largest = 0;
        foreach (long moment in _parts.Select(StartOf).Distinct())
        {
            // In ascending order, so that the sum does not depend on the order of the files.
            double sum = _parts
                .Where(part => StartOf(part) == moment || (StartOf(part) < moment && EndOf(part) > moment))
                .Select(part => rateOf(part.Result))
                .Order()
                .Sum();
            largest = Math.Max(largest, sum);
        }

        return Math.Round(largest, 6); // thirds of a rate add up to the rate
    }

    private long EndOf(NamedResult part) => StartOf(part) + TicksOf(part.Result.ElapsedSeconds);
}
