namespace Warmwire.Bench.Server;

/// <summary>
/// Workers, and a line of requests for them whose length slows them down, as locks, collections and caches do in a server that has taken
/// too much: beyond its capacity it does not only keep waiting, it does less.
/// </summary>
internal sealed class Saturation
{
    private const int Workers = 8;
    private const double ServiceMs = 10;

    /// <summary>Each request in line makes an answer so much slower.</summary>
    private const double SlowerPerWaiting = 0.02;

    private readonly SemaphoreSlim _workers = new(Workers);
    private int _waiting;

    public async Task ServeAsync()
    {
        Interlocked.Increment(ref _waiting);
        await _workers.WaitAsync();
        int waiting = Interlocked.Decrement(ref _waiting);
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(ServiceMs * (1 + (SlowerPerWaiting * waiting))));
        }
        finally
        {
            _workers.Release();
        }
    }
}
