namespace Warmwire.Cli.Quick.Differences;

/// <summary>
/// The ranks between which a percentile of the distribution lies, whatever that distribution is: the number of latencies below the
/// percentile is binomial.
/// </summary>
internal static class OrderStatistics
{
    /// <summary>From this variance of the number, the normal distribution is close enough.</summary>
    private const double Normal = 1000;

    /// <param name="count">How many independent values there are.</param>
    /// <param name="share">The percentile, between 0 and 1.</param>
    /// <param name="outside">The probability of both ends together that the percentile lies outside.</param>
    /// <returns>Ranks from 1; 0 and <paramref name="count"/> + 1 where no value bounds it.</returns>
    public static (long Low, long High) Ranks(long count, double share, double outside)
    {
        double mean = count * share;
        double variance = mean * (1 - share);
        if (variance > Normal)
        {
            double reach = NormalDistribution.TwoSided(outside) * Math.Sqrt(variance);
            return (Math.Max((long)Math.Floor(mean - reach), 0), Math.Min((long)Math.Ceiling(mean + reach) + 1, count + 1));
        }

        // Of the values above the percentile if they are fewer: their number is small, so that its distribution can be added up.
        bool isAbove = share > 0.5;
        (long low, long high) = Tails(count, isAbove ? 1 - share : share, outside / 2);
        return isAbove ? (count - high + 1, count - low) : (low + 1, high);
    }

    /// <summary>
    /// The largest number that is not exceeded with at most the probability <paramref name="tail"/>, or -1; and the smallest that is
    /// reached with at most that.
    /// </summary>
    private static (long Low, long High) Tails(long count, double share, double tail)
    {
        double logOdds = Math.Log(share) - Math.Log(1 - share);
        double logTerm = count * Math.Log(1 - share);
        double sum = 0;
        long low = -1;
        for (long number = 0; number <= count; number++)
        {
            if (1 - sum <= tail)
            {
                return (low, number);
            }

            sum += Math.Exp(logTerm);
            low = sum <= tail ? number : low;
            logTerm += logOdds + Math.Log((double)(count - number) / (number + 1));
        }

        return (low, count + 1);
    }
}
