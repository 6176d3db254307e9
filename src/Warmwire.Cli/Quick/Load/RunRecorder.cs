using System.Globalization;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// All that requests tell while they run, and nothing of it lost: one lock, held for some hundred nanoseconds. Times are nanoseconds after
/// the start.
/// </summary>
/// <param name="observers">Are told of the seconds that are put away.</param>
internal sealed class RunRecorder(params IReadOnlyList<ISecondObserver> observers)
{
    private readonly Lock _gate = new();
    private readonly LatencyHistogram _corrected = new();
    private readonly LatencyHistogram _uncorrected = new();
    private readonly LatencyHistogram _startDelay = new();
    private readonly LatencyHistogram _queue = new();
    private readonly LatencyHistogram _firstByte = new();
    private readonly LiveSeries _series = new();
    private readonly SeriesBuilder _past = new();
    private readonly Dictionary<int, long> _codes = [];
    private readonly Dictionary<string, (long Count, string Example)> _errors = new(StringComparer.Ordinal);
    private long _arrivals;
    private long _dropped;
    private long _requests;
    private long _responses;
    private long _failed;
    private long _takenBack;
    private long _bytes;
    private long _lastStart;
    private long _secondsPutAway;

    public void ArrivalStarted(long due, long now)
    {
        lock (_gate)
        {
            _arrivals++;
            _lastStart = Math.Max(_lastStart, now);
            _startDelay.Record(now - due);
            _series.At(now).Started++;
        }
    }

    public void ArrivalDropped()
    {
        lock (_gate)
        {
            _dropped++;
        }
    }

    public void RequestStarted()
    {
        lock (_gate)
        {
            _requests++;
        }
    }

    public void Responded(int status, long bytes, in RequestTimes times)
    {
        lock (_gate)
        {
            _responses++;
            _bytes += bytes;
            _codes[status] = _codes.GetValueOrDefault(status) + 1;
            _corrected.Record(times.Ended - times.Due);
            _uncorrected.Record(times.Ended - times.Started - times.Queue);
            _queue.Record(times.Queue);
            _firstByte.Record(times.FirstByte);
            LiveInterval second = _series.At(times.Ended);
            second.Responses++;
            second.Latencies.Record(times.Ended - times.Due);
        }
    }

    public void Failure(string kind, string message, long now)
    {
        lock (_gate)
        {
            _failed++;
            _errors[kind] = (_errors.GetValueOrDefault(kind).Count + 1, message);
            _series.At(now).Errors++;
        }
    }

    /// <summary>Ctrl-C: it is as if it had not been sent.</summary>
    public void TakenBack()
    {
        lock (_gate)
        {
            _takenBack++;
        }
    }

    public void Opened(long now)
    {
        lock (_gate)
        {
            LiveInterval second = _series.At(Math.Max(now, 0));
            second.Opened++;
            second.Open++;
            second.PeakOpen = Math.Max(second.PeakOpen, second.Open);
        }
    }

    public void Closed(long now)
    {
        lock (_gate)
        {
            LiveInterval second = _series.At(Math.Max(now, 0));
            second.Closed++;
            second.Open--;
        }
    }

    public RunLook Look()
    {
        // Percentiles are read without the lock: that takes a while, and a moment's difference does not show.
        (long p50, long p99, long max) = (_corrected.ValueAt(50), _corrected.ValueAt(99), _corrected.Max);
        lock (_gate)
        {
            return new RunLook(_arrivals, _dropped, _requests - _takenBack, _responses, _failed, p50, p99, max);
        }
    }

    /// <summary>Requests that failed so far, by kind.</summary>
    public IReadOnlyDictionary<string, long> GetErrors()
    {
        lock (_gate)
        {
            return _errors.ToDictionary(static pair => pair.Key, static pair => pair.Value.Count, StringComparer.Ordinal);
        }
    }

    /// <summary>Puts away the seconds that have ended. To be called every second or so, by one thread.</summary>
    public void PutAwaySeconds(long now)
    {
        while (TakeEnded() is { } second)
        {
            // Without the lock: packing takes a good part of a millisecond, and requests would wait for it.
            PutAway(second);
            lock (_gate)
            {
                _series.GiveBack(second);
            }
        }

        LiveInterval? TakeEnded()
        {
            lock (_gate)
            {
                _series.At(now);
                return _series.TakeEnded();
            }
        }
    }

    private void PutAway(LiveInterval second)
    {
        _past.Add(second);
        foreach (ISecondObserver observer in observers)
        {
            observer.SecondEnded(_secondsPutAway, second);
        }

        _secondsPutAway++;
    }

    /// <summary>When nothing is under way any more; by the thread that calls <see cref="PutAwaySeconds"/>.</summary>
    public RunRecord Finish(long now, ArrivalSchedule schedule)
    {
        PutAwaySeconds(now);
        lock (_gate)
        {
            PutAway(_series.Current);
            return new RunRecord
            {
                Arrivals = _arrivals,
                Dropped = _dropped,
                Requests = _requests - _takenBack,
                Responses = _responses,
                Bytes = _bytes,
                LastStart = _lastStart,
                Codes = _codes.OrderBy(static pair => pair.Key).ToDictionary(
                    static pair => pair.Key.ToString(CultureInfo.InvariantCulture), static pair => pair.Value, StringComparer.Ordinal),
                Errors = _errors.OrderBy(static pair => pair.Key, StringComparer.Ordinal)
                    .ToDictionary(static pair => pair.Key, static pair => pair.Value.Count, StringComparer.Ordinal),
                ErrorExamples = _errors.OrderBy(static pair => pair.Key, StringComparer.Ordinal)
                    .ToDictionary(static pair => pair.Key, static pair => pair.Value.Example, StringComparer.Ordinal),
                Corrected = _corrected,
                Uncorrected = _uncorrected,
                StartDelay = _startDelay,
                Queue = _queue,
                FirstByte = _firstByte,
                Series = _past.Finish(now, schedule),
            };
        }
    }
}

/// <summary>A request's times, in nanoseconds: three moments after the start, two durations.</summary>
internal readonly record struct RequestTimes(long Due, long Started, long Ended, long Queue, long FirstByte);

/// <summary>A run under way; latencies in nanoseconds, corrected.</summary>
internal readonly record struct RunLook(
    long Arrivals,
    long Dropped,
    long Requests,
    long Responses,
    long Failed,
    long P50,
    long P99,
    long Max);

/// <summary>A run that has ended, times in nanoseconds.</summary>
internal sealed record RunRecord
{
    public required long Arrivals { get; init; }

    public required long Dropped { get; init; }

    public required long Requests { get; init; }

    public required long Responses { get; init; }

    public required long Bytes { get; init; }

    public required long LastStart { get; init; }

    public required IReadOnlyDictionary<string, long> Codes { get; init; }

    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    public required IReadOnlyDictionary<string, string> ErrorExamples { get; init; }

    public required LatencyHistogram Corrected { get; init; }

    public required LatencyHistogram Uncorrected { get; init; }

    public required LatencyHistogram StartDelay { get; init; }

    public required LatencyHistogram Queue { get; init; }

    public required LatencyHistogram FirstByte { get; init; }

    public required SeriesResult Series { get; init; }
}
