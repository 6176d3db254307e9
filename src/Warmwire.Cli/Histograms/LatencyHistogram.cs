using System.Numerics;

namespace Warmwire.Cli.Histograms;

/// <summary>
/// Durations in nanoseconds, counted in buckets of which each is at most a thousandth as wide as the values in it: whatever is read back is
/// right to three significant digits, over the whole range from a nanosecond to an hour, and two histograms added are the histogram of all.
/// Recording is safe from any thread.
/// </summary>
/// <remarks>
/// The layout is HdrHistogram's for a lowest value of 1, a highest of 3.6e12 and three digits, so that <see cref="HistogramCoder"/> can
/// write its format: 2,048 buckets of width 1, then for each doubling of the value 1,024 buckets of twice the width.
/// </remarks>
internal sealed class LatencyHistogram
{
    /// <summary>One hour. Longer durations are counted as this, and <see cref="Max"/> still tells the truth.</summary>
    public const long HighestTrackable = 3_600_000_000_000;

    public const int SignificantDigits = 3;

    private const int SubBuckets = 2048;
    private const int HalfSubBuckets = SubBuckets / 2;
    private const int HalfMagnitude = 10;
    private const int Buckets = 32;

    private readonly long[] _counts = new long[(Buckets + 1) * HalfSubBuckets];
    private long _total;
    private long _sum;
    private long _min = long.MaxValue;
    private long _max;

    /// <summary>How many buckets there are.</summary>
    public static int Length => (Buckets + 1) * HalfSubBuckets;

    public static int BucketCount => Buckets;

    public static int SubBucketCount => SubBuckets;

    /// <summary>How many durations were recorded.</summary>
    public long Total => Volatile.Read(ref _total);

    /// <summary>The sum of all recorded, exact.</summary>
    public long Sum => Volatile.Read(ref _sum);

    /// <summary>The shortest recorded, exact; 0 if there is none.</summary>
    public long Min => Total == 0 ? 0 : Volatile.Read(ref _min);

    /// <summary>The longest recorded, exact; 0 if there is none.</summary>
    public long Max => Volatile.Read(ref _max);

    public double Mean => Total == 0 ? 0 : (double)Sum / Total;

    /// <summary>Counts one duration; a negative one, which a clock that was set back would be, as 0.</summary>
    public void Record(long nanoseconds)
    {
        nanoseconds = Math.Max(nanoseconds, 0);
        Interlocked.Increment(ref _counts[IndexOf(Math.Min(nanoseconds, HighestTrackable))]);
        Interlocked.Add(ref _sum, nanoseconds);
        Lower(ref _min, nanoseconds);
        Raise(ref _max, nanoseconds);
        Interlocked.Increment(ref _total);
    }

    /// <summary>Counts all that <paramref name="other"/> has counted.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            if (other._counts[i] != 0)
            {
                Interlocked.Add(ref _counts[i], Volatile.Read(ref other._counts[i]));
            }
        }

        Interlocked.Add(ref _sum, other.Sum);
        Lower(ref _min, Volatile.Read(ref other._min));
        Raise(ref _max, other.Max);
        Interlocked.Add(ref _total, other.Total);
    }

    /// <summary>Forgets all. Not to be called while others record.</summary>
    public LatencyHistogram Copy()
    {
        var copy = new LatencyHistogram();
        copy.Add(this);
        return copy;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        (_total, _sum, _min, _max) = (0, 0, long.MaxValue, 0);
    }

    /// <summary>
    /// The smallest duration that at least <paramref name="percentile"/> percent of the recorded do not exceed, to three digits; 0 if
    /// nothing was recorded.
    /// </summary>
    public long ValueAt(double percentile)
    {
        long total = Total;
        if (total == 0)
        {
            return 0;
        }

        // In decimal, as 99.9 is no double: among a billion the rank would be off by one.
        long wanted = Math.Clamp((long)Math.Ceiling((decimal)percentile / 100 * total), 1, total);
        if (wanted == total || wanted == 1)
        {
            return wanted == total ? Max : Min;
        }

        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += Volatile.Read(ref _counts[i]);
            if (seen >= wanted)
            {
                return Math.Clamp(MiddleOf(i), Min, Max);
            }
        }

        return Max;
    }

    /// <summary>How many were counted in the bucket with this number.</summary>
    public long CountAt(int index) => Volatile.Read(ref _counts[index]);

    /// <summary>The number of the bucket that counts <paramref name="nanoseconds"/>.</summary>
    public static int IndexOf(long nanoseconds)
    {
        int bucket = 64 - HalfMagnitude - 1 - BitOperations.LeadingZeroCount((ulong)nanoseconds | (SubBuckets - 1));
        return ((bucket + 1) << HalfMagnitude) + (int)(nanoseconds >> bucket) - HalfSubBuckets;
    }

    /// <summary>The lowest duration of a bucket.</summary>
    public static long LowestOf(int index)
    {
        (int bucket, int subBucket) = PlaceOf(index);
        return (long)subBucket << bucket;
    }

    /// <summary>The middle of a bucket: never further from what was recorded than half its width.</summary>
    public static long MiddleOf(int index)
    {
        (int bucket, _) = PlaceOf(index);
        return LowestOf(index) + ((1L << bucket) >> 1);
    }

    /// <summary>
    /// Counts what <see cref="HistogramCoder.ReadCounts"/> read, each as the middle of its bucket; the longest is known exactly. Only from
    /// one thread.
    /// </summary>
    internal void Add(IReadOnlyList<(int Index, long Count)> counts, long max)
    {
        foreach ((int index, long count) in counts)
        {
            _counts[index] += count;
            _total = checked(_total + count);
            _sum += count * MiddleOf(index);
            _min = Math.Min(_min, Math.Min(MiddleOf(index), max));
        }

        _max = counts.Count == 0 ? _max : Math.Max(_max, max);
    }

    /// <summary>Puts counts in as a file has them, with the exact figures that its buckets do not tell.</summary>
    /// <exception cref="FormatException">The shortest is longer than the longest.</exception>
    internal static LatencyHistogram Restore(ReadOnlySpan<long> counts, long? sum = null, long? min = null, long? max = null)
    {
        var histogram = new LatencyHistogram();
        double estimate = 0;
        int first = -1;
        int last = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] == 0)
            {
                continue;
            }

            histogram._counts[i] = counts[i];
            histogram._total += counts[i];
            estimate += (double)counts[i] * MiddleOf(i);
            first = first < 0 ? i : first;
            last = i;
        }

        if (histogram._total > 0)
        {
            histogram._sum = sum ?? (long)estimate;
            histogram._min = min ?? LowestOf(first);
            histogram._max = max ?? Math.Max(MiddleOf(last), histogram._min);
            if (histogram._min > histogram._max)
            {
                throw new FormatException("its minimum is larger than its maximum");
            }
        }

        return histogram;
    }

    private static (int Bucket, int SubBucket) PlaceOf(int index)
    {
        int bucket = (index >> HalfMagnitude) - 1;
        int subBucket = (index & (HalfSubBuckets - 1)) + HalfSubBuckets;
        return bucket < 0 ? (0, subBucket - HalfSubBuckets) : (bucket, subBucket);
    }

    private static void Lower(ref long place, long value)
    {
        long seen = Volatile.Read(ref place);
        while (value < seen)
        {
            long before = Interlocked.CompareExchange(ref place, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private static void Raise(ref long place, long value)
    {
        long seen = Volatile.Read(ref place);
        while (value > seen)
        {
            long before = Interlocked.CompareExchange(ref place, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
