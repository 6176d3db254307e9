namespace Warmwire.Cli.Quick.Reports;

/// <summary>Turns values into places from 0 to 1.</summary>
internal sealed class Axis
{
    /// <summary>How many times the usual value the largest has to be before a linear axis would press the usual one flat.</summary>
    private const double Outlier = 50;

    private readonly double _from;
    private readonly double _to;

    private Axis(double from, double to, bool isLogarithmic, IReadOnlyList<Tick> ticks) =>
        (_from, _to, IsLogarithmic, Ticks) = (from, to, isLogarithmic, ticks);

    public bool IsLogarithmic { get; }

    public IReadOnlyList<Tick> Ticks { get; }

    /// <summary>From 0, or from the lowest if that is negative, to a round number that holds all.</summary>
    public static Axis Linear(double lowest, double highest, bool isWhole)
    {
        IReadOnlyList<Tick> ticks = Reports.Ticks.Linear(Math.Min(lowest, 0), Math.Max(highest, 0), aim: 4, isWhole);
        return new Axis(ticks[0].Value, ticks[^1].Value, false, ticks);
    }

    /// <summary>Of times: logarithmic if the largest is far from the usual.</summary>
    public static Axis OfLatencies(IEnumerable<double> values, double usual)
    {
        List<double> positive = [.. values.Where(value => value > 0 && double.IsFinite(value))];
        if (positive.Count == 0)
        {
            return Linear(0, 0, isWhole: false);
        }

        double max = positive.Max();
        if (!(usual > 0) || max / usual < Outlier)
        {
            return Linear(0, max, isWhole: false);
        }

        IReadOnlyList<Tick> ticks = Reports.Ticks.Logarithmic(positive.Min(), max);
        return new Axis(ticks[0].Value, ticks[^1].Value, true, ticks);
    }

    public static Axis OfTime(double seconds)
    {
        seconds = seconds > 0 && double.IsFinite(seconds) ? seconds : 1;
        return new Axis(0, seconds, false, Reports.Ticks.Time(seconds, aim: 5));
    }

    /// <summary>
    /// Of percentiles, as the power of ten of one in how many lies above: 0 %, 90 %, 99 % and so on are as far from each other.
    /// </summary>
    public static Axis OfPercentiles(int decades)
    {
        List<Tick> ticks = [new Tick(0, "0"), new Tick(Math.Log10(2), "50%")];
        for (int i = 1; i <= decades; i++)
        {
            ticks.Add(new Tick(i, i switch { 1 => "90%", 2 => "99%", _ => "99." + new string('9', i - 2) + "%" }));
        }

        return new Axis(0, decades, false, ticks);
    }

    /// <summary><see cref="double.NaN"/> for what has no place.</summary>
    public double Place(double value)
    {
        double place = IsLogarithmic
            ? (value > 0 ? Math.Log(value / _from) / Math.Log(_to / _from) : double.NaN)
            : (value - _from) / (_to - _from);
        return double.IsFinite(place) ? Math.Clamp(place, 0, 1) : double.NaN;
    }
}
