namespace Warmwire.Dialing;

/// <summary>
/// One timeout of a dial, joined with the pool's own token. A wait under it ends in time even if the work does not look at its token;
/// what such work delivers later is disposed, what it throws later is observed.
/// </summary>
internal sealed class DialDeadline : IDisposable
{
    private readonly CancellationToken _pool;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _ofPool;

    public DialDeadline(TimeSpan timeout, TimeProvider clock, CancellationToken pool)
    {
        _pool = pool;
        _source = new CancellationTokenSource(timeout, clock);
        _ofPool = pool.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>The time is over, and nothing else has ended the wait.</summary>
    public bool Expired => _source.IsCancellationRequested && !_pool.IsCancellationRequested;

    public void ThrowIfPoolCancelled() => _pool.ThrowIfCancellationRequested();

    public async Task<T> WaitAsync<T>(Task<T> work)
    {
        try
        {
            return await work.WaitAsync(Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            Discard(work);
            throw;
        }
    }

    /// <summary>Lets go of work whose outcome is not awaited.</summary>
    public static void Discard<T>(Task<T> work) =>
        _ = work.ContinueWith(
            static finished =>
            {
                if (!finished.IsCompletedSuccessfully)
                {
                    _ = finished.Exception;
                    return;
                }

                DisposeQuietly(finished.Result as IDisposable);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    /// <summary>Disposes something that may be the user's; a failure to close does not hide the failure that made us close.</summary>
    public static void DisposeQuietly(IDisposable? thing)
    {
        try
        {
            thing?.Dispose();
        }
        catch (Exception)
        {
            // There is nothing left to do about it.
        }
    }

    public void Dispose()
    {
        _ofPool.Dispose();

        // Story: the time is over, and the timer's thread has not yet called what was registered with the token when the dial sees that and
        // ends. To dispose the source then would drop it all: a connect that nobody cancels goes on for minutes.
        if (!_source.IsCancellationRequested)
        {
            _source.Dispose();
        }
    }
}
