using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// A dial whose turn has come: it begins on a thread of the thread pool, without an execution context or a synchronization context.
/// </summary>
internal sealed class DialWork(ConnectionPool pool, OriginPool origin, PlannedDial dial)
{
    private bool _http1Only;

    public void Begin()
    {
        if (!origin.Executor.TryBegin(dial, out _http1Only))
        {
            return;
        }

        // Story: a listener sent a request to the same origin and waited for it, which was in line behind the dial that had not begun. So
        // another thread takes the dial if the listener blocks this one; if not, its beginning is told before its end.
        if (pool.Events.TellsOfDials)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work.RunAsync(work._http1Only), this, preferLocal: true);
            origin.Executor.TellBegun(dial);
        }
        else
        {
            _ = RunAsync(_http1Only);
        }
    }

    private async Task RunAsync(bool http1Only)
    {
        PooledConnection pooled;
        Activity? setup = PoolEvents.StartSetup(origin.Route);
        try
        {
            DialedStream stream = await pool.DialAsync(origin, dial.Waiter, http1Only).ConfigureAwait(false);
            HttpConnection connection = pool.CreateConnection(origin.Route, stream, origin);
            pooled = new PooledConnection(connection, origin)
            {
                CountedBy = pool.Events.CountingConnections,
                Setup = setup is null ? null : new(setup.Context),
            };
        }
        catch (Exception e)
        {
            TransportException error = e as TransportException ?? PoolErrors.DialAborted(origin.Route, e);
            PoolEvents.SetupFailed(setup, error);
            origin.DialFailed(dial, error);
            dial.Outcome?.SetResult(error);
            return;
        }

        // Before the connection begins to read, in a context that it keeps.
        PoolEvents.SetupSucceeded(setup, pooled.Connection);
        origin.DialSucceeded(dial, pooled);
        dial.Outcome?.SetResult(null);
    }
}
