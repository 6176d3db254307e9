using System.Globalization;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>A position along an axis and the text that is written there.</summary>
internal readonly record struct Tick(double Value, string Label);

/// <summary>Round places on an axis: steps of 1, 2 or 5 times a power of ten.</summary>
internal static class Ticks
{
    private static readonly double[] s_seconds = [1, 2, 5, 10, 15, 30];
    private static readonly double[] s_minutes = [0.5, 1, 2, 5, 10, 15, 30];

    /// <summary>The smallest step of 1, 2 or 5 times a power of ten that is not below <paramref name="atLeast"/>.</summary>
    public static double Step(double atLeast)
    {
        if (!(atLeast > 0) || !double.IsFinite(atLeast))
        {
            return 1;
        }

        double power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        foreach (double factor in (ReadOnlySpan<double>)[1, 2, 5])
        {
            if (factor * power >= atLeast * (1 - 1e-9))
            {
                return factor * power;
            }
        }

        return 10 * power;
    }

    /// <summary>
    /// From at most <paramref name="from"/> to at least <paramref name="to"/>; numbers that are negative are labelled without their sign.
    /// </summary>
    public static IReadOnlyList<Tick> Linear(double from, double to, int aim, bool isWhole)
    {
        if (!(to > from))
        {
            to = from + 1;
        }

        double step = Step((to - from) / aim);
        step = isWhole ? Math.Max(step, 1) : step;
        long first = (long)Math.Floor((from / step) + 1e-9);
        long last = (long)Math.Ceiling((to / step) - 1e-9);
        var ticks = new List<Tick>();
        for (long i = first; i <= last; i++)
        {
            ticks.Add(new Tick(i * step, Label(Math.Abs(i * step), step)));
        }

        return ticks;
    }

    /// <summary>Both must be above 0. Steps of 1, 2 and 5, or of powers of ten where those would be too many.</summary>
    public static IReadOnlyList<Tick> Logarithmic(double from, double to)
    {
        int low = (int)Math.Floor(Math.Log10(from) + 1e-9);
        int high = (int)Math.Ceiling(Math.Log10(to) - 1e-9);
        high = Math.Max(high, low + 1);
        double[] factors = high - low <= 1 ? [1, 2, 5] : [1];
        int every = 1 + ((high - low) / 7);
        var ticks = new List<Tick>();
        for (int power = low; power <= high + every; power += every)
        {
            foreach (double factor in factors)
            {
                double value = factor * Math.Pow(10, power);
                ticks.Add(new Tick(value, Label(value, value)));
                if (value >= to && ticks.Count > 1)
                {
                    return ticks;
                }
            }
        }

        return ticks;
    }

    /// <summary>From 0, in seconds, minutes or hours; none past the end.</summary>
    public static IReadOnlyList<Tick> Time(double seconds, int aim)
    {
        (double unit, string name, double[] steps) = seconds switch
        {
            <= 120 => (1.0, "s", s_seconds),
            <= 7200 => (60.0, "min", s_minutes),
            _ => (3600.0, "h", s_minutes),
        };
        double atLeast = seconds / unit / aim;
        double step = atLeast > steps[0] || unit > 1 ? steps.FirstOrDefault(step => step >= atLeast, Step(atLeast)) : Step(atLeast);
        List<Tick> ticks = [new Tick(0, "0")];
        for (int i = 1; i * step * unit <= seconds * (1 + 1e-9); i++)
        {
            ticks.Add(new Tick(i * step * unit, Label(i * step, step) + " " + name));
        }

        return ticks;
    }

    /// <summary>The number with as many digits after the point as the step has.</summary>
    private static string Label(double value, double step)
    {
        int digits = Math.Clamp((int)Math.Ceiling(-Math.Log10(step) - 1e-9), 0, 9);
        return Math.Abs(value) >= 1e9 ? Figures.Number(value / 1e9) + "e9" : value.ToString("N" + digits, CultureInfo.InvariantCulture);
    }
}
