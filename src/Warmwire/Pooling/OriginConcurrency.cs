using Warmwire.Concurrency;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The limit of an origin's exchanges under way, between the pool and the <see cref="AdaptiveLimit"/>: whether one more may begin, and what
/// the latency of each says. Guarded by the lock of the origin. An origin has one only where the handler has a <see
/// cref="PooledHttpHandler.ConcurrencyLimit"/>.
/// </summary>
internal sealed class OriginConcurrency
{
    private const int ToldPart = 4;

    private readonly AdaptiveLimit _limit;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private int _told;

    public OriginConcurrency(AdaptiveConcurrency settings, TimeProvider time, long now, Func<double>? random = null)
    {
        _time = time;
        _origin = now;
        _limit = new AdaptiveLimit(settings, random ?? Random.Shared.NextDouble, TimeSpan.Zero);
        UnderWay = new ExchangeCount(_limit);
        _told = _limit.Estimate;
    }

    /// <summary>The exchanges under way.</summary>
    public ExchangeCount UnderWay { get; }

    public int Limit => _limit.Limit;

    /// <summary>How many more may begin; zero or less where the limit is reached.</summary>
    public int Room => _limit.Limit - UnderWay.Now;

    /// <summary>When the limit may rise though nothing happens; <see langword="null"/>: it will not.</summary>
    public TimeSpan? NextDue(long now) => _limit.Due is { } due ? due - Since(now) : null;

    /// <summary>A request comes, or a sweep: what has lasted too long is ended.</summary>
    public void Look(long now) => _limit.Look(UnderWay.Now, Since(now));

    /// <summary>An attempt has its response's head, or has ended without one.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="status">The status of the response; <see langword="null"/>: there is none.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether a window of time has ended with it: the limit may be another.</returns>
    public bool Ended(Attempt attempt, int? status, long now)
    {
        TimeSpan began = Since(attempt.Lease.LeasedAt);
        return status is 429 or 503 ? _limit.Refused(UnderWay.Now, Since(now))
            : status is not null ? _limit.Answered(began, UnderWay.Now, Since(now))
            : IsAboutTheServer(attempt) && _limit.GaveUp(began, UnderWay.Now, Since(now));
    }

    /// <summary>Whether the limit has moved so far since it was last said that it is worth an event.</summary>
    public bool TakeWorthTelling()
    {
        int estimate = _limit.Estimate;
        if (Math.Abs(estimate - _told) * ToldPart < _told)
        {
            return false;
        }

        _told = estimate;
        return true;
    }

    public ConcurrencySnapshot GetSnapshot() => new()
    {
        Limit = _limit.Limit,
        InFlight = UnderWay.Now,
        MinLatency = _limit.MinLatency,
        SampledLatency = _limit.SampledLatency,
        IsMeasuring = _limit.IsMeasuring,
    };

    /// <summary>
    /// Whether the server had the request: one that never left, or was certainly not processed, has waited for nothing of the server's.
    /// </summary>
    private static bool IsAboutTheServer(Attempt attempt) =>
        attempt.Progress is { Sent: not RequestSent.No, NotProcessed: false, TurnedAway: false };

    private TimeSpan Since(long timestamp) => _time.GetElapsedTime(_origin, timestamp);
}
