namespace Warmwire.Cli.Quick.Differences;

/// <summary>The standard normal distribution.</summary>
internal static class NormalDistribution
{
    private const int Steps = 400;

    /// <summary>How many standard deviations leave <paramref name="outside"/> of the probability outside, half of it at each end.</summary>
    /// <param name="outside">Between 0 and 1.</param>
    public static double TwoSided(double outside)
    {
        (double low, double high) = (0, 9);
        while (high - low > 1e-9)
        {
            double middle = (low + high) / 2;
            (low, high) = 2 * Between(0, middle) < 1 - outside ? (middle, high) : (low, middle);
        }

        return high;
    }

    /// <summary>By Simpson's rule.</summary>
    private static double Between(double from, double to)
    {
        double width = (to - from) / Steps;
        double sum = Density(from) + Density(to);
        for (int i = 1; i < Steps; i++)
        {
            sum += (i % 2 == 0 ? 2 : 4) * Density(from + (i * width));
        }

        return sum * width / 3;
    }

    private static double Density(double z) => Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);
}
