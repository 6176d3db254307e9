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
    private readonly Dictionary<string, (long Passed, long Failed)> _checks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Count, string Example)> _errors = new(StringComparer.Ordinal);
    private long _arrivals;
    private long _dropped;
    private long _requests;
    private long _responses;
    private long _failed;
    private long _replaySafe;
    private long _unanswered;
    private long _bytes;
    private long _lastStart;
    private long _pauses;
    private long _paused;
    private long _droppedByPauses;
    private long _redirects;
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

    /// <summary>The process was stopped, and what was due meanwhile is never started.</summary>
    public void Paused(long duration, long arrivals)
    {
        lock (_gate)
        {
            _pauses++;
            _paused += duration;
            _dropped += arrivals;
            _droppedByPauses += arrivals;
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
            _queue.Record(times.Queue);
            _firstByte.Record(times.FirstByte);
            RecordLatency(times).Responses++;
        }
    }

    /// <summary>A check was made of a response.</summary>
    public void Checked(string check, bool holds)
    {
        lock (_gate)
        {
            (long passed, long failed) = _checks.GetValueOrDefault(check);
            _checks[check] = holds ? (passed + 1, failed) : (passed, failed + 1);
        }
    }

    public void Redirected(int hops)
    {
        lock (_gate)
        {
            _redirects += hops;
        }
    }

    /// <summary>A request that failed, with the time until it did: without it, percentiles would be those of the lucky ones.</summary>
    public void Failed(string kind, string message, bool isReplaySafe, in RequestTimes times)
    {
        lock (_gate)
        {
            _failed++;
            _replaySafe += isReplaySafe ? 1 : 0;
            _errors[kind] = (_errors.GetValueOrDefault(kind).Count + 1, message);
            RecordLatency(times).Errors++;
        }
    }

    /// <summary>A request that the end of the run cut off, with the time it had waited until then.</summary>
    public void Unanswered(in RequestTimes times)
    {
        lock (_gate)
        {
            _unanswered++;
            RecordLatency(times).Errors++;
        }
    }

    /// <summary>Counting begins, with connections that are open already.</summary>
    public void Begin(long open)
    {
        lock (_gate)
        {
            LiveInterval second = _series.At(0);
            second.Open += open;
            second.PeakOpen = Math.Max(second.PeakOpen, second.Open);
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
            return new RunLook(_arrivals, _dropped, _requests, _responses, _failed + _unanswered, p50, p99, max);
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
    public RunRecord Finish(long now, ArrivalSchedule? schedule)
    {
        PutAwaySeconds(now);
        lock (_gate)
        {
            PutAway(_series.Current);
            return Describe(_past.Finish(now, schedule));
        }
    }

    /// <summary>What was recorded until now, without a series, while requests go on.</summary>
    public RunRecord GetRecord()
    {
        lock (_gate)
        {
            RunRecord record = Describe(new SeriesResult { IntervalSeconds = 1, Points = [] });
            return record with
            {
                Corrected = record.Corrected.Copy(),
                Uncorrected = record.Uncorrected.Copy(),
                StartDelay = record.StartDelay.Copy(),
                Queue = record.Queue.Copy(),
                FirstByte = record.FirstByte.Copy(),
            };
        }
    }

    private LiveInterval RecordLatency(in RequestTimes times)
    {
        _corrected.Record(times.Ended - times.Due);
        _uncorrected.Record(times.Ended - times.Started - times.Queue);
        LiveInterval second = _series.At(times.Ended);
        second.Latencies.Record(times.Ended - times.Due);
        return second;
    }

    private RunRecord Describe(SeriesResult series) => new()
    {
        Arrivals = _arrivals,
        Dropped = _dropped,
        Requests = _requests,
        Responses = _responses,
        ReplaySafe = _replaySafe,
        Unanswered = _unanswered,
        Bytes = _bytes,
        Pauses = new PausesResult { Count = _pauses, Seconds = Math.Round(_paused / 1e9, 3), DroppedArrivals = _droppedByPauses },
        LastStart = _lastStart,
        Codes = _codes.OrderBy(static pair => pair.Key).ToDictionary(
            static pair => pair.Key.ToString(CultureInfo.InvariantCulture), static pair => pair.Value, StringComparer.Ordinal),
        Redirects = _redirects,
        Checks = _checks.OrderBy(static pair => pair.Key, StringComparer.Ordinal).ToDictionary(
            static pair => pair.Key, static pair => new CheckResult(pair.Value.Passed, pair.Value.Failed), StringComparer.Ordinal),
        Errors = _errors.OrderBy(static pair => pair.Key, StringComparer.Ordinal)
            .ToDictionary(static pair => pair.Key, static pair => pair.Value.Count, StringComparer.Ordinal),
        ErrorExamples = _errors.OrderBy(static pair => pair.Key, StringComparer.Ordinal)
            .ToDictionary(static pair => pair.Key, static pair => pair.Value.Example, StringComparer.Ordinal),
        Corrected = _corrected,
        Uncorrected = _uncorrected,
        StartDelay = _startDelay,
        Queue = _queue,
        FirstByte = _firstByte,
        Series = series,
    };
}

/// <summary>
/// A request's times, in nanoseconds: three moments after the start, two durations, which are those of a response and 0 without one.
/// </summary>
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

    /// <summary>Of the failed requests, those that are safe to replay.</summary>
    public required long ReplaySafe { get; init; }

    /// <summary>Requests that the end of the run cut off.</summary>
    public required long Unanswered { get; init; }

    public required long Bytes { get; init; }

    public required PausesResult Pauses { get; init; }

    public required long LastStart { get; init; }

    public required IReadOnlyDictionary<string, long> Codes { get; init; }

    public required long Redirects { get; init; }

    public required IReadOnlyDictionary<string, CheckResult> Checks { get; init; }

    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    public required IReadOnlyDictionary<string, string> ErrorExamples { get; init; }

    public required LatencyHistogram Corrected { get; init; }

    public required LatencyHistogram Uncorrected { get; init; }

    public required LatencyHistogram StartDelay { get; init; }

    public required LatencyHistogram Queue { get; init; }

    public required LatencyHistogram FirstByte { get; init; }

    public required SeriesResult Series { get; init; }
}
