namespace Warmwire.Cli.Quick.Reports;

/// <summary>Puts numbers that are counted into few groups with round bounds.</summary>
internal static class Groups
{
    private const int Most = 8;

    /// <summary>
    /// Each number by itself if they are few; else groups of one width, or where the largest is far from the smallest, of widths that grow.
    /// </summary>
    public static IReadOnlyList<(string Name, double Count)> Of(IReadOnlyDictionary<long, long> counts)
    {
        List<KeyValuePair<long, long>> sorted = [.. counts.Where(count => count.Value > 0).OrderBy(count => count.Key)];
        if (sorted.Count <= Most)
        {
            return [.. sorted.Select(count => (Figures.Count(count.Key), (double)count.Value))];
        }

        (long min, long max) = (sorted[0].Key, sorted[^1].Key);
        List<long> bounds = max / Math.Max(min, 1) >= 10 ? Growing(min, max) : Even(min, max);
        var groups = new List<(string Name, double Count)>();
        int next = 0;
        for (int i = 0; i + 1 < bounds.Count; i++)
        {
            double count = 0;
            for (; next < sorted.Count && (sorted[next].Key < bounds[i + 1] || bounds[i + 1] == long.MaxValue); next++)
            {
                count += sorted[next].Value;
            }

            bool isAtEdge = count == 0 && (groups.Count == 0 || next == sorted.Count);
            if (!isAtEdge)
            {
                long last = bounds[i + 1] - 1;
                groups.Add((last == bounds[i] ? Figures.Count(last) : $"{Figures.Count(bounds[i])} – {Figures.Count(last)}", count));
            }
        }

        return groups;
    }

    private static List<long> Even(long min, long max)
    {
        long step = Math.Max((long)Ticks.Step((double)(max - min + 1) / Most), 1);
        List<long> bounds = [min / step * step];
        while (bounds[^1] <= max && bounds[^1] < long.MaxValue)
        {
            bounds.Add(bounds[^1] <= long.MaxValue - step ? bounds[^1] + step : long.MaxValue);
        }

        return bounds;
    }

    private static List<long> Growing(long min, long max)
    {
        List<long> bounds = [Math.Min(min, 1)];
        for (double bound = Ticks.Step(bounds[0] + 1); bounds[^1] <= max && bounds[^1] < long.MaxValue; bound = Ticks.Step(bound * 1.01))
        {
            bounds.Add(bound < long.MaxValue ? (long)bound : long.MaxValue);
        }

        return bounds;
    }
}
