using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// When arrivals are due: evenly, one after each 1/rate seconds, the first one (of all shards) at once. Times are nanoseconds after the
/// start.
/// </summary>
internal sealed class ArrivalSchedule(double rate, long arrivals, Shard shard)
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>Arrivals of this shard.</summary>
    public long Count { get; } = shard.CountOf(arrivals);

    /// <summary>The whole schedule's length: the last arrival and the interval that belongs to it.</summary>
    public long Length { get; } = (long)(arrivals / rate * NanosecondsPerSecond);

    public long DueAt(long index) => (long)(shard.DueSeconds(index, rate) * NanosecondsPerSecond);

    /// <summary>How many arrivals are due before this time.</summary>
    public long DueBefore(long time)
    {
        if (time <= 0)
        {
            return 0;
        }

        // The estimate may be one off, as the due times are rounded.
        long estimate = (long)Math.Clamp(((time / NanosecondsPerSecond * rate) - shard.Index) / shard.Count, 0, Count);
        while (estimate > 0 && DueAt(estimate - 1) >= time)
        {
            estimate--;
        }

        while (estimate < Count && DueAt(estimate) < time)
        {
            estimate++;
        }

        return estimate;
    }
}
