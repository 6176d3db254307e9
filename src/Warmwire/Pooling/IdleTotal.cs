namespace Warmwire.Pooling;

/// <summary>
/// Idle connections of all origins together, against <see cref="PooledHttpHandler.MaxIdleConnections"/>. Any thread; each origin counts
/// under its own lock, so the sum is exact whenever no thread is inside one. Not counted at all where there cannot be so many connections.
/// </summary>
internal sealed class IdleTotal
{
    private readonly int _limit;
    private readonly bool _counts;
    private int _count;

    public IdleTotal(int limit, int maxConnections)
    {
        _limit = limit;
        _counts = limit < maxConnections;
    }

    public bool IsPassed => Volatile.Read(ref _count) > _limit;

    public void Add(int change)
    {
        if (_counts)
        {
            Interlocked.Add(ref _count, change);
        }
    }
}
