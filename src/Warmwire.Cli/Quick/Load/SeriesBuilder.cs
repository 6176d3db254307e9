using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Puts seconds together to the series of a result. When there are too many intervals each two become one, so a run of a week takes no more
/// memory than one of ten minutes. For one thread.
/// </summary>
internal sealed class SeriesBuilder
{
    public const int MaxPoints = 600;

    private readonly List<SeriesPoint> _points = [];
    private readonly LiveInterval _next = new();
    private long _length = 1;
    private long _seconds;

    public void Add(LiveInterval second)
    {
        _next.Started += second.Started;
        _next.Responses += second.Responses;
        _next.Errors += second.Errors;
        _next.Opened += second.Opened;
        _next.Closed += second.Closed;
        _next.PeakOpen = Math.Max(_next.PeakOpen, second.PeakOpen);
        if (second.HasLatencies)
        {
            _next.Latencies.Add(second.Latencies);
        }

        _seconds++;
        if (_seconds % _length == 0)
        {
            EndPoint(_seconds - _length);
        }
    }

    /// <param name="elapsed">How long the run was, in nanoseconds: nothing was due later.</param>
    /// <param name="schedule">What was due when; <see langword="null"/> where arrivals are due when they start.</param>
    public SeriesResult Finish(long elapsed, ArrivalSchedule? schedule)
    {
        if (_seconds % _length != 0)
        {
            EndPoint(_seconds / _length * _length);
        }

        return new SeriesResult
        {
            IntervalSeconds = _length,
            Points = [.. _points.Select(point => point with { Due = schedule is null ? point.Started : Due(schedule, (long)point.At) })],
        };

        long Due(ArrivalSchedule schedule, long from) =>
            schedule.DueBefore(Math.Min(Nanoseconds(from + _length), elapsed)) - schedule.DueBefore(Math.Min(Nanoseconds(from), elapsed));
    }

    private void EndPoint(long at)
    {
        _points.Add(new SeriesPoint
        {
            At = at,
            Due = 0,
            Started = _next.Started,
            Responses = _next.Responses,
            Errors = _next.Errors,
            Opened = _next.Opened,
            Closed = _next.Closed,
            PeakOpen = _next.PeakOpen,
            P50 = Summaries.Milliseconds(_next.Latencies.ValueAt(50)),
            P99 = Summaries.Milliseconds(_next.Latencies.ValueAt(99)),
            Max = Summaries.Milliseconds(_next.Latencies.Max),
            Histogram = _next.Latencies.Total == 0 ? "" : HistogramCoder.Encode(_next.Latencies),
        });
        _next.Begin(open: 0);
        if (_points.Count == MaxPoints)
        {
            Halve();
        }
    }

    private void Halve()
    {
        SeriesPoint[] pairs = [.. _points.Chunk(2).Select(static pair => SeriesPoints.Add(pair[0], pair[1]))];
        _points.Clear();
        _points.AddRange(pairs);
        _length *= 2;
    }

    private static long Nanoseconds(long seconds) => seconds * 1_000_000_000;
}
