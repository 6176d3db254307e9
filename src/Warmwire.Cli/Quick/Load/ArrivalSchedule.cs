using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// When arrivals of a shard are due, the first one (of all shards) at once. Times are nanoseconds after the start.
/// </summary>
internal sealed class ArrivalSchedule(ArrivalPlan plan, Shard shard)
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>One arrival after each 1/rate seconds.</summary>
    public ArrivalSchedule(double rate, long arrivals, Shard shard)
        : this(ArrivalPlan.Constant(rate, arrivals), shard)
    {
    }

    /// <summary>Arrivals of this shard.</summary>
    public long Count { get; } = shard.CountOf(plan.Arrivals);

    /// <summary>The whole schedule's length: the last arrival and the interval that belongs to it.</summary>
    public long Length { get; } = (long)(plan.Seconds * NanosecondsPerSecond);

    public long DueAt(long index) => (long)(plan.DueSeconds(shard.NumberOf(index)) * NanosecondsPerSecond);

    /// <summary>How many arrivals are due before this time.</summary>
    public long DueBefore(long time)
    {
        if (time <= 0)
        {
            return 0;
        }

        // The estimate may be one off, as the due times are rounded.
        long estimate = (long)Math.Clamp((plan.NumberAt(time / NanosecondsPerSecond) - shard.Index) / shard.Count, 0, Count);
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
