namespace Warmwire.Pooling;

/// <summary>
/// How often the pool has looked at an origin on behalf of another, or of the time. Tests hold it against the number of origins: what one
/// request costs must not grow with all of them.
/// </summary>
internal sealed class VisitCount
{
    private long _visits;

    public long Visits => Volatile.Read(ref _visits);

    public void Count() => Interlocked.Increment(ref _visits);
}
