namespace Warmwire.Concurrency;

/// <summary>
/// How many exchanges may be under way, found from how long answers take. Pure: it is told what happens and when, as the time since any
/// moment.
/// </summary>
/// <remarks>
/// <para>
/// A server answers as fast with few exchanges as with one, until all its workers are busy. From there on each further exchange only waits
/// in it, and latency grows with their number. So the limit is led to where latency has grown by the tolerance: <c>limit × gradient +
/// √limit</c> with <c>gradient = tolerance × min / sampled</c>, from a half to one. The root is the room for a queue, without which the
/// limit would never grow and the server would be idle between two exchanges.
/// </para>
/// <code>
///   first measure ──► doubling ──────────► following ◄───────┐
///   (few at a time)   (latency as it was)      │             │ enough latencies, or too long
///                                              ▼             │
///                                          measuring anew ───┘
///                                          (a quarter of the limit; when it is time, or the limit has fallen by a third)
/// </code>
/// <para>
/// Gradient and root are those of Envoy's adaptive concurrency filter, which measures its minimum at a low limit, with jitter, as this does
/// (envoyproxy.io, "Adaptive Concurrency", Gradient Controller). From Netflix's concurrency-limits (Gradient2Limit) are the range of the
/// gradient and that a window in which less than half of the limit was used says nothing.
/// </para>
/// </remarks>
internal sealed class AdaptiveLimit
{
    private const double LowestGradient = 0.5;
    private const double Falls = 0.5;
    private const double MinFollows = 0.05;
    private const double FallToMeasure = 0.7;
    private const double Jitter = 0.15;
    private const int PartToMeasure = 4;
    private const int RefusedPart = 10;
    private const int RoundTripsToMeasure = 15;
    private const int RoundTripsToSettle = 3;
    private const int RoundTripsApart = 40;
    private const int MeasuresApart = 20;
    private const int IntervalGrows = 4;

    private readonly Func<double> _random;
    private readonly LatencyWindow _window;
    private readonly int _min;
    private readonly int _max;
    private readonly int _initial;
    private readonly double _tolerance;
    private readonly TimeSpan _interval;

    private double _estimate;
    private double _highest;
    private bool _doubles = true;

    // Measuring.
    private bool _measures = true;
    private TimeSpan _measureBegan;
    private TimeSpan? _measuresFrom;
    private TimeSpan _measureEnds = TimeSpan.MaxValue;
    private TimeSpan _nextMeasure = TimeSpan.MaxValue;
    private TimeSpan _measuredAt;
    private TimeSpan _gap;
    private TimeSpan _lastAnswer;

    public AdaptiveLimit(AdaptiveConcurrency settings, Func<double> random, TimeSpan now)
    {
        _random = random;
        _window = new LatencyWindow(random);
        _min = settings.MinLimit;
        _max = settings.MaxLimit;
        _initial = Math.Clamp(settings.InitialLimit, _min, _max);
        _tolerance = settings.LatencyTolerance;
        _interval = settings.MinLatencyInterval;
        _estimate = _initial;
        _highest = _estimate;
        _lastAnswer = now;
        _window.Start(underWay: 0, now);
    }

    /// <summary>How many may be under way now.</summary>
    public int Limit => IsMeasuring ? MeasureLimit : (int)_estimate;

    /// <summary>How many may be under way when nothing is measured.</summary>
    public int Estimate => (int)_estimate;

    /// <summary>Whether the latency of the idle server is being measured, with a lower limit.</summary>
    public bool IsMeasuring => _measures;

    /// <summary>The latency of the idle server; <see langword="null"/>: not known yet.</summary>
    public TimeSpan? MinLatency { get; private set; }

    /// <summary>The latency in the last window.</summary>
    public TimeSpan? SampledLatency { get; private set; }

    private int MeasureLimit => MinLatency is null
        ? Math.Clamp(ConcurrencyLimits.FirstMeasureLimit, _min, _max)
        : Math.Max(_min, (int)_estimate / PartToMeasure);

    // ---- What happens -----------------------------------------------------------------------------------------------

    /// <summary>So many exchanges are under way from here on.</summary>
    public void UnderWay(int count) => _window.UnderWay(count);

    /// <summary>A request comes: ends what takes too long to measure, and forgets what was long ago.</summary>
    public void Look(int underWay, TimeSpan now)
    {
        if (_measures && _measureEnds == TimeSpan.MaxValue)
        {
            // Nothing is known yet, and this is the first request.
            _measureEnds = now + ConcurrencyLimits.LongestMeasure;
        }
        else if (_measures && now >= _measureEnds)
        {
            EndMeasure(underWay, now);
        }

        TimeSpan idle = now - _lastAnswer;
        if (underWay == 0 && idle >= ConcurrencyLimits.Idle)
        {
            Forget(idle, now);
        }
    }

    /// <summary>When <see cref="Look"/> is to be called, if nothing happens until then.</summary>
    public TimeSpan? Due => _measures && _measureEnds != TimeSpan.MaxValue ? _measureEnds : null;

    /// <summary>The head of a response has come.</summary>
    /// <param name="startedAt">When its request was given to a connection.</param>
    /// <param name="underWay">How many are under way.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether a window has ended with it.</returns>
    public bool Answered(TimeSpan startedAt, int underWay, TimeSpan now) => Add(now - startedAt, startedAt, underWay, now);

    /// <summary>
    /// An exchange has ended without a head: it would have taken at least so long. Cut short of the latency that is known, it says nothing:
    /// counted, requests that are given up early would make a slow server look fast.
    /// </summary>
    /// <inheritdoc cref="Answered"/>
    public bool GaveUp(TimeSpan startedAt, int underWay, TimeSpan now)
    {
        TimeSpan waited = now - startedAt;
        return SampledLatency is { } known && waited >= known ? Add(waited, startedAt, underWay, now) : EndIfDue(underWay, now);
    }

    /// <summary>The server has said that it wants no more (429, 503). How fast it says so is no latency of its work.</summary>
    /// <inheritdoc cref="Answered"/>
    public bool Refused(int underWay, TimeSpan now)
    {
        _lastAnswer = now;
        _window.Refuse();
        return EndIfDue(underWay, now);
    }

    private bool Add(TimeSpan latency, TimeSpan startedAt, int underWay, TimeSpan now)
    {
        _lastAnswer = now;
        if (_measures)
        {
            // Story: what was under way before had waited behind the queue that is to be gone.
            if (_measuresFrom is null && underWay <= MeasureLimit)
            {
                _measuresFrom = MinLatency is null ? startedAt : now;
            }

            // Story: two hundred began at once, the first fifty that were answered were the fastest of them, and the server seemed to be
            // four times as fast as it was. So the first answers of what begins then do not count.
            if (_measuresFrom is not { } from
                || startedAt < from
                || now - from < MinLatency.GetValueOrDefault() * RoundTripsToSettle)
            {
                return EndIfDue(underWay, now);
            }
        }

        _window.Add(latency);
        return EndIfDue(underWay, now);
    }

    // ---- The end of a window ----------------------------------------------------------------------------------------

    private bool EndIfDue(int underWay, TimeSpan now)
    {
        if (_measures)
        {
            int enough = MinLatency is null ? ConcurrencyLimits.FirstMeasureSamples : ConcurrencyLimits.MeasureSamples;
            if (_window.Count < enough && now < _measureEnds)
            {
                return false;
            }

            EndMeasure(underWay, now);
            return true;
        }

        TimeSpan lasts = now - _window.StartedAt;
        TimeSpan due = TimeSpan.FromTicks(Math.Clamp(
            2 * SampledLatency.GetValueOrDefault().Ticks,
            ConcurrencyLimits.ShortestWindow.Ticks,
            ConcurrencyLimits.LongestWindow.Ticks));
        if (lasts < due
            || _window.Count < ConcurrencyLimits.FewSamples
            || (_window.Count < ConcurrencyLimits.EnoughSamples && lasts < ConcurrencyLimits.LongestWindow))
        {
            return false;
        }

        TimeSpan sampled = _window.Latency();
        SampledLatency = sampled;
        LowerMin(sampled, now);
        Follow(sampled);
        MeasureIfDue(sampled, now);
        _window.Start(underWay, now);
        return true;
    }

    /// <summary>
    /// What is faster than the minimum may be chance. What is twice as fast comes from another server, or from one that is well again, and
    /// is measured soon.
    /// </summary>
    private void LowerMin(TimeSpan sampled, TimeSpan now)
    {
        if (MinLatency is not { } min)
        {
            MinLatency = sampled;
        }
        else if (sampled * 2 < min)
        {
            MinLatency = sampled;
            _nextMeasure = Earlier(_nextMeasure, now + Apart);
        }
        else if (sampled < min)
        {
            MinLatency = min + ((sampled - min) * MinFollows);
        }
    }

    private void Follow(TimeSpan sampled)
    {
        if (_window.Peak * 2 < (int)_estimate)
        {
            // Whatever the latency is, it does not come from the limit.
            return;
        }

        double gradient = Math.Clamp(_tolerance * (MinLatency!.Value / sampled), LowestGradient, 1);
        double target = (_estimate * gradient) + Math.Sqrt(_estimate);
        if (_doubles && gradient == 1)
        {
            target = _estimate * 2;
        }
        else
        {
            _doubles = false;
        }

        if (target > _estimate && _window.Refused * RefusedPart > _window.Count)
        {
            // A server that sheds load keeps the latency of what it takes.
            _doubles = false;
            return;
        }

        // Down in halves of the way, so that one window's chance is not a fall.
        _estimate = Math.Clamp(target < _estimate ? _estimate + ((target - _estimate) * Falls) : target, _min, _max);
        _highest = Math.Max(_highest, _estimate);
    }

    // ---- Measuring anew ---------------------------------------------------------------------------------------------

    private void MeasureIfDue(TimeSpan sampled, TimeSpan now)
    {
        // Story: a server becomes slower for whatever reason, with one exchange as with many. Led by the old minimum the limit would fall
        // to the least, and the server would be idle. So a limit that falls asks what the minimum is now.
        bool hasFallen = _estimate < _highest * FallToMeasure && now - _measuredAt >= Apart;
        if (now < _nextMeasure && !hasFallen)
        {
            return;
        }

        if (_window.Peak <= MeasureLimit)
        {
            // So little was under way that this was it.
            Measured(sampled, now);
            return;
        }

        _measures = true;
        _measureBegan = now;
        _measuresFrom = null;
        _measureEnds = now + TimeSpan.FromTicks(Math.Clamp(
            RoundTripsToMeasure * sampled.Ticks,
            ConcurrencyLimits.ShortestMeasure.Ticks,
            ConcurrencyLimits.LongestMeasure.Ticks));
    }

    private void EndMeasure(int underWay, TimeSpan now)
    {
        bool wasFirst = MinLatency is null;
        _measures = false;
        _measureEnds = TimeSpan.MaxValue;
        if (_window.Count >= ConcurrencyLimits.FewSamples || (wasFirst && _window.Count > 0))
        {
            Measured(_window.Latency(), now);
            SampledLatency ??= MinLatency;
        }
        else
        {
            ExpectMeasure(now);
        }

        if (!wasFirst && _nextMeasure != TimeSpan.MaxValue)
        {
            // Of a slow server measuring takes long: it is to be a small part of the time all the same.
            _nextMeasure = Later(_nextMeasure, now + ((now - _measureBegan) * MeasuresApart));
        }

        _window.Start(underWay, now);
    }

    /// <summary>
    /// Half of what is measured, and half of what was known: fifty latencies of a server whose own vary are some sixth of their mean off by
    /// chance. What is twice as much or half as much is no chance, and what was known at first was little.
    /// </summary>
    private void Measured(TimeSpan latency, TimeSpan now)
    {
        bool isSimilar = MinLatency is { } known && latency < known * 2 && known < latency * 2;
        MinLatency = isSimilar && _gap > Apart ? (MinLatency!.Value + latency) / 2 : latency;
        _doubles |= _gap != TimeSpan.Zero && _gap <= Apart;
        _highest = _estimate;
        ExpectMeasure(now);
    }

    /// <summary>Soon at first, since little is known then; from one time to the next later, up to the interval.</summary>
    private void ExpectMeasure(TimeSpan now)
    {
        _measuredAt = now;
        if (_interval == Timeout.InfiniteTimeSpan)
        {
            _nextMeasure = TimeSpan.MaxValue;
            return;
        }

        _gap = Earlier(_interval, _gap == TimeSpan.Zero ? Apart : _gap * IntervalGrows);
        _nextMeasure = now + (_gap * (1 - Jitter + (2 * Jitter * _random())));
    }

    private TimeSpan Apart => TimeSpan.FromTicks(
        Math.Max(TimeSpan.TicksPerSecond, RoundTripsApart * MinLatency.GetValueOrDefault().Ticks));

    private static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    // ---- Idle -------------------------------------------------------------------------------------------------------

    /// <summary>
    /// What was learned of a busy server may not hold any more: the limit goes back towards that of an unknown one, and what the latency is
    /// without load the first window shows.
    /// </summary>
    private void Forget(TimeSpan idle, TimeSpan now)
    {
        double kept = Math.Pow(0.5, idle / ConcurrencyLimits.HalfForgotten);
        _estimate = _initial + ((_estimate - _initial) * kept);
        _highest = _estimate;
        _lastAnswer = now;
        if (_nextMeasure != TimeSpan.MaxValue)
        {
            _nextMeasure = now;
        }

        if (!_measures)
        {
            _window.Start(underWay: 0, now);
        }
    }
}
