namespace Warmwire.Cli.Quick.Differences;

/// <summary>A measured figure and the interval in which the true one is, at the confidence of the comparison.</summary>
/// <param name="Value">What was measured.</param>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end; infinite where the sample is too small to tell.</param>
internal readonly record struct Estimate(double Value, double Low, double High)
{
    /// <summary>A count of independent events for each <paramref name="size"/>: the score interval of a Poisson rate.</summary>
    /// <param name="count">How many there were.</param>
    /// <param name="size">What they are counted for, such as seconds.</param>
    /// <param name="z">Standard deviations.</param>
    /// <param name="scatter">How many times the variance of independent events there is; see <see cref="Scatter"/>.</param>
    public static Estimate Rate(double count, double size, double z, double scatter = 1)
    {
        double square = z * z * scatter;
        double middle = count + (square / 2);
        double half = z * Math.Sqrt(scatter) * Math.Sqrt(count + (square / 4));
        return new Estimate(count / size, Math.Max(middle - half, 0) / size, (middle + half) / size);
    }

    /// <summary>A part of a whole: the score interval of a binomial share (Wilson's).</summary>
    /// <param name="part">How many.</param>
    /// <param name="whole">Of how many; more than 0.</param>
    /// <param name="z">Standard deviations.</param>
    /// <param name="scatter">How many times the variance of independent events there is.</param>
    public static Estimate Share(double part, double whole, double z, double scatter = 1)
    {
        double share = part / whole;
        double size = whole / scatter;
        double square = z * z;
        double middle = (share + (square / (2 * size))) / (1 + (square / size));
        double half = z / (1 + (square / size)) * Math.Sqrt((share * (1 - share) / size) + (square / (4 * size * size)));
        return new Estimate(share, Math.Clamp(middle - half, 0, share), Math.Clamp(middle + half, share, 1));
    }

    /// <summary>
    /// The interval of the difference of two figures of independent runs, from the intervals of both: at each end the squares of the
    /// distances add up. It needs no symmetry, so that percentiles at the tail may have it.
    /// </summary>
    public static Estimate Difference(Estimate before, Estimate after)
    {
        double value = after.Value - before.Value;
        double down = double.Hypot(after.Value - after.Low, before.High - before.Value);
        double up = double.Hypot(after.High - after.Value, before.Value - before.Low);
        return new Estimate(value, value - down, value + up);
    }
}
