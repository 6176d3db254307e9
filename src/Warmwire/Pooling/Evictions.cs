using System.Net;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>
/// Asks the application, round after round, which connections it wants closed before their time: one timer for a handler that has a
/// <see cref="PooledHttpHandler.ShouldEvictConnection"/>, from its first connection on.
/// </summary>
/// <remarks>
/// Beside all requests, as .NET 11 does it: an answer may take a look-up of a name, and no request shall wait for it. A round asks about
/// some connections at a time, so a callback that blocks holds no more threads than that, and delays only other answers.
/// </remarks>
internal sealed class Evictions : IDisposable
{
    private readonly ConnectionPool _pool;
    private readonly TimeProvider _time;
    private readonly Func<SocketsHttpConnectionEvictionContext, CancellationToken, Task<bool>> _shouldEvict;
    private readonly CancellationToken _shutdown;
    private readonly ITimer _timer;
    private int _begun;

    /// <param name="pool">Whose connections.</param>
    /// <param name="shouldEvict">The application's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="shutdown">The handler is disposed.</param>
    public Evictions(
        ConnectionPool pool,
        Func<SocketsHttpConnectionEvictionContext, CancellationToken, Task<bool>> shouldEvict,
        TimeProvider time,
        CancellationToken shutdown)
    {
        _pool = pool;
        _time = time;
        _shouldEvict = shouldEvict;
        _shutdown = shutdown;
        using (ExecutionContext.IsFlowSuppressed() ? default(IDisposable) : ExecutionContext.SuppressFlow())
        {
            // The timer roots its state: a weak reference, because the callback may hold the handler.
            _timer = time.CreateTimer(static state => BeginRound((WeakReference<Evictions>)state!), new WeakReference<Evictions>(this),
                Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>There is a connection.</summary>
    public void Opened()
    {
        if (Volatile.Read(ref _begun) == 0 && Interlocked.Exchange(ref _begun, 1) == 0)
        {
            ExpectRound();
        }
    }

    public void Dispose() => _timer.Dispose();

    private static void BeginRound(WeakReference<Evictions> weak)
    {
        if (weak.TryGetTarget(out Evictions? evictions))
        {
            _ = evictions.RunAsync();
        }
    }

    /// <summary>Behind a round, so that two never overlap. A timer that is disposed takes no notice.</summary>
    private void ExpectRound() => _timer.Change(PoolLimits.EvictionInterval, Timeout.InfiniteTimeSpan);

    private async Task RunAsync()
    {
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = PoolLimits.EvictionsAtOnce, CancellationToken = _shutdown };
            List<PooledConnection> open = [.. _pool.Origins.SelectMany(static origin => origin.OpenConnections())];
            await Parallel.ForEachAsync(open, options, AskAsync).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_shutdown.IsCancellationRequested)
        {
            // No round follows.
        }
        finally
        {
            if (!_shutdown.IsCancellationRequested)
            {
                ExpectRound();
            }
        }
    }

    private async ValueTask AskAsync(PooledConnection pooled, CancellationToken cancellationToken)
    {
        if (pooled.IsAskedAbout)
        {
            return;
        }

        try
        {
            using var late = new CancellationTokenSource(PoolLimits.EvictionAnswer, _time);
            using var joined = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            SocketsHttpConnectionEvictionContext context = Describe(pooled);
            CancellationToken token = joined.Token;

            // Story: the callback blocks and never comes back. The round goes on without it, and the next one does not ask again about a
            // connection of which a thread is asking still: else each round would lose threads to it.
            pooled.IsAskedAbout = true;
            Task<bool> asked = Task.Run(() => Ask(pooled, context, token), CancellationToken.None);

            // One that comes late is not heard; what it throws is looked at.
            _ = asked.ContinueWith(
                static ended => _ = ended.Exception,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            if (await asked.WaitAsync(token).ConfigureAwait(false))
            {
                pooled.Origin.Evict(pooled);
            }
        }
        catch (Exception)
        {
            // No answer is no.
        }
    }

    private Task<bool> Ask(PooledConnection pooled, SocketsHttpConnectionEvictionContext context, CancellationToken cancellationToken)
    {
        Task<bool> asked = UserCode.ShouldEvict(_shouldEvict, context, cancellationToken);
        pooled.IsAskedAbout = false;
        return asked;
    }

    private SocketsHttpConnectionEvictionContext Describe(PooledConnection pooled)
    {
        HttpConnection connection = pooled.Connection;
        return new SocketsHttpConnectionEvictionContext
        {
            Age = _time.GetElapsedTime(pooled.OpenedAt),
            ConnectionId = connection.Id,
            HttpVersion = connection.HttpVersion,
            DnsEndPoint = new DnsEndPoint(connection.Route.Host, connection.Route.Port),
            RemoteEndPoint = RouteEndPoints.CopyForUser(connection.RemoteEndPoint) as IPEndPoint,
        };
    }
}
