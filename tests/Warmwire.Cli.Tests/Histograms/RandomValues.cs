using Warmwire.Cli.Histograms;

namespace Warmwire.Cli.Tests.Histograms;

/// <summary>Durations from a nanosecond to an hour, every order of magnitude as often as any other.</summary>
internal static class RandomValues
{
    public static long[] Make(Random random, int count)
    {
        long[] values = new long[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = Math.Clamp(
                (long)Math.Exp(random.NextDouble() * Math.Log(LatencyHistogram.HighestTrackable)), 1, LatencyHistogram.HighestTrackable);
        }

        return values;
    }

    public static LatencyHistogram Record(IReadOnlyList<long> values)
    {
        var histogram = new LatencyHistogram();
        foreach (long value in values)
        {
            histogram.Record(value);
        }

        return histogram;
    }
}
