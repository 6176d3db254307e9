namespace Warmwire.Cli.Quick.Differences;

/// <summary>
/// How much more events scatter over a run than independent ones would. A server that stalls makes slow responses in groups, and a thousand
/// of one stall say no more than a few: the number of values counts as divided by this.
/// </summary>
internal static class Scatter
{
    /// <summary>With fewer intervals their scatter is not known.</summary>
    private const int FewestIntervals = 5;

    /// <summary>Longer intervals are looked at while there are so many of them.</summary>
    private const int FewestLonger = 16;

    /// <summary>The variance of a share over the intervals of a run, in units of that of independent events; at least 1.</summary>
    /// <param name="parts">How many events of each interval are counted.</param>
    /// <param name="wholes">Of how many.</param>
    public static double OfShares(IReadOnlyList<long> parts, IReadOnlyList<long> wholes)
    {
        double largest = 1;
        for (int length = 1; length == 1 || parts.Count / length >= FewestLonger; length *= 2)
        {
            largest = Math.Max(largest, Measure(Joined(parts, length), Joined(wholes, length)));
        }

        return largest;
    }

    private static double Measure(long[] parts, long[] wholes)
    {
        double share = (double)parts.Sum() / Math.Max(wholes.Sum(), 1);
        int intervals = wholes.Count(static whole => whole > 0);
        if (intervals < FewestIntervals || share is <= 0 or >= 1)
        {
            return 1;
        }

        double sum = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            double expected = wholes[i] * share;
            sum += wholes[i] == 0 ? 0 : (parts[i] - expected) * (parts[i] - expected) / (expected * (1 - share));
        }

        return sum / (intervals - 1);
    }

    private static long[] Joined(IReadOnlyList<long> counts, int length) => [.. counts.Chunk(length).Select(static some => some.Sum())];
}
