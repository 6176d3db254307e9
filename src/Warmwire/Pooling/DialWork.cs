using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// A dial as a work item of the thread pool: it begins on a stack of its own, without an execution context or a synchronization context of
/// anybody's.
/// </summary>
internal sealed class DialWork(ConnectionPool pool, OriginPool origin, PlannedDial dial) : IThreadPoolWorkItem
{
    public void Execute()
    {
        if (origin.Executor.TryBegin(dial, out bool http1Only))
        {
            _ = RunAsync(http1Only);
            origin.Executor.TellBegun(dial);
        }
    }

    private async Task RunAsync(bool http1Only)
    {
        PooledConnection pooled;
        try
        {
            DialedStream stream = await pool.DialAsync(origin.Route, dial.Waiter, http1Only).ConfigureAwait(false);
            pooled = new PooledConnection(pool.CreateConnection(origin.Route, stream, origin));
        }
        catch (Exception e)
        {
            TransportException error = e as TransportException ?? PoolErrors.DialAborted(origin.Route, e);
            origin.DialFailed(dial, error);
            dial.Outcome?.SetResult(error);
            return;
        }

        origin.DialSucceeded(dial, pooled);
        dial.Outcome?.SetResult(null);
    }
}
