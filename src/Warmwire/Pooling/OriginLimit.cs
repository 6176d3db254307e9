using System.Net;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// What the connections of an origin tell about its exchanges, where their number follows latency: put to the plan, and told to the
/// listeners. The limit itself is <see cref="OriginConcurrency"/>.
/// </summary>
internal sealed class OriginLimit(ConnectionPool pool, OriginPool origin)
{
    /// <summary>A request has its response's head, or has ended without one.</summary>
    public void HeadEnded(Attempt attempt, HttpStatusCode? status)
    {
        long now = pool.Services.Time.GetTimestamp();
        ConcurrencySnapshot? moved;
        bool isWorthTelling;
        using (OriginExecutor.Scope at = origin.Executor.Enter())
        {
            at.Then(at.Plan.HeadEnded(attempt, (int?)status, now, out moved));
            isWorthTelling = moved is not null && at.Plan.Concurrency!.TakeWorthTelling();
        }

        if (moved is not null)
        {
            pool.Events.LimitMoved(origin.Route, moved, isWorthTelling);
            ExpectRoom(now);
        }
    }

    /// <summary>The limit may rise though nothing happens: a sweep sees to that.</summary>
    public void ExpectRoom(long now)
    {
        TimeSpan? due;
        using (OriginExecutor.Scope at = origin.Executor.Enter())
        {
            due = at.Plan.Concurrency!.NextDue(now);
        }

        pool.ExpectSweep(origin, due, now);
    }

    public void BecameTunnel(PooledConnection pooled)
    {
        using OriginExecutor.Scope at = origin.Executor.Enter();
        at.Then(at.Plan.BecameTunnel(pooled));
    }

    public void TunnelEnds(PooledConnection pooled)
    {
        using OriginExecutor.Scope at = origin.Executor.Enter();
        pooled.Slots.TunnelEnds();
    }
}
