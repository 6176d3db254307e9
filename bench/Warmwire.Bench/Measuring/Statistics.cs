namespace Warmwire.Bench.Measuring;

/// <summary>Median and spread of a column's rounds.</summary>
internal readonly record struct Statistics(double Median, double Least, double Most)
{
    /// <returns><see langword="null"/> if there are no values.</returns>
    public static Statistics? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
        {
            return null;
        }

        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Statistics(median, sorted[0], sorted[^1]);
    }
}
