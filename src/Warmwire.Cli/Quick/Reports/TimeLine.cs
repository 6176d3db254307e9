using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>The series of a run as rows of values for charts.</summary>
internal sealed class TimeLine
{
    public TimeLine(SeriesResult series)
    {
        Points = series.Points;
        Interval = series.IntervalSeconds > 0 && double.IsFinite(series.IntervalSeconds) ? series.IntervalSeconds : 1;
        Positions = [.. Points.Select(point => point.At + (Interval / 2))];
        Across = Axis.OfTime(Points.Count == 0 ? 1 : Points[^1].At + Interval);
    }

    public IReadOnlyList<SeriesPoint> Points { get; }

    public double Interval { get; }

    /// <summary>What happened in an interval is drawn at its middle.</summary>
    public IReadOnlyList<double> Positions { get; }

    public Axis Across { get; }

    /// <summary>"second", or "interval of 4 s".</summary>
    public string IntervalName => Interval == 1 ? "second" : $"interval of {Figures.Duration(Interval)}";

    public IReadOnlyList<double> Of(Func<SeriesPoint, double> value) => [.. Points.Select(value)];

    public IReadOnlyList<double> RateOf(Func<SeriesPoint, long> count) => [.. Points.Select(point => count(point) / Interval)];

    /// <summary>Latencies are missing, and not zero, where no response came.</summary>
    public IReadOnlyList<double> LatencyOf(Func<SeriesPoint, double> value) =>
        [.. Points.Select(point => point.Responses > 0 ? value(point) : double.NaN)];

    /// <summary>"at 2 min 31 s".</summary>
    public static string At(SeriesPoint point) => "at " + Figures.Duration(point.At);

    public Plot Plot(string title, string description, string unit, Axis up, params IReadOnlyList<Series> series) => new()
    {
        Title = title,
        Description = description,
        Unit = unit,
        Across = Across,
        Up = up,
        Positions = Positions,
        Series = series,
        BarWidth = Interval,
    };
}
