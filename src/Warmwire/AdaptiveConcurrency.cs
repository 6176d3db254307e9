namespace Warmwire;

/// <summary>
/// A limit for each origin of exchanges under way that follows latency: it grows while answers come as fast as they do from an idle server,
/// and shrinks when they come later, so that requests wait in the client's queue and not in the server's.
/// </summary>
/// <remarks>
/// Given to <see cref="PooledHttpHandler.ConcurrencyLimit"/>. An exchange counts from its connection to the end of its response's body,
/// with HTTP/1.1 and HTTP/2 alike; a tunnel or an upgraded connection counts until it is one. docs/adaptive-concurrency.md tells how the
/// limit is found.
/// </remarks>
public sealed class AdaptiveConcurrency
{
    private const double HighestTolerance = 10;

    private static readonly TimeSpan s_shortestInterval = TimeSpan.FromSeconds(1);

    /// <summary>The limit never falls below this.</summary>
    /// <value>Default: 1. 1 or more, and not more than <see cref="MaxLimit"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MinLimit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(MinLimit));
            field = value;
        }
    } = 1;

    /// <summary>The limit never rises above this.</summary>
    /// <value>Default: 1000. 1 or more, and not less than <see cref="MinLimit"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxLimit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(MaxLimit));
            field = value;
        }
    } = 1000;

    /// <summary>
    /// The limit of an origin whose latency has just been measured for the first time. From here it doubles until latency rises. One that
    /// is idle goes back to it slowly.
    /// </summary>
    /// <value>Default: 20. 1 or more; outside of <see cref="MinLimit"/> and <see cref="MaxLimit"/> the nearer of them is used.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int InitialLimit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(InitialLimit));
            field = value;
        }
    } = 20;

    /// <summary>
    /// How many times the latency of the idle server the latency may be before the limit shrinks. The more it varies by itself, the higher
    /// this should be; the higher, the longer the queue in the server.
    /// </summary>
    /// <value>Default: 1.5. 1 to 10.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public double LatencyTolerance
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(value is >= 1 and <= HighestTolerance, true, nameof(LatencyTolerance));
            field = value;
        }
    } = 1.5;

    /// <summary>
    /// How often the latency of the idle server is measured anew. An origin that is in full use is given a quarter of its exchanges for
    /// that moment, at most fifteen round trips. Each interval is up to 15 % longer or shorter, so that clients do not measure in step.
    /// </summary>
    /// <value>Default: 30 seconds. 1 second or more; infinite: only when the limit has fallen by a third.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 second.</exception>
    public TimeSpan MinLatencyInterval
    {
        get;
        init
        {
            if (value != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(value, s_shortestInterval, nameof(MinLatencyInterval));
            }

            field = value;
        }
    } = TimeSpan.FromSeconds(30);
}
