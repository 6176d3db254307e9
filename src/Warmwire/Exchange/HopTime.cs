using Warmwire.Connections;

namespace Warmwire.Exchange;

/// <summary>
/// The time of what a request does between two attempts: it ends with the caller's token, with the total time of the exchange, and with a
/// limit of its own. The attempt that follows watches the total time itself.
/// </summary>
internal sealed class HopTime : ITotalDeadlineTarget, IDisposable
{
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenSource _all;

    public HopTime(TotalDeadline? total, TimeProvider time, TimeSpan limit, CancellationToken caller)
    {
        _limit = new CancellationTokenSource(limit, time);
        _all = CancellationTokenSource.CreateLinkedTokenSource(caller, _limit.Token);
        total?.Watch(this);
    }

    public CancellationToken Token => _all.Token;

    /// <summary>Its own limit, or the total time, has passed.</summary>
    public bool IsOver => _limit.IsCancellationRequested;

    void ITotalDeadlineTarget.TotalTimeExpired(TotalDeadline total)
    {
        try
        {
            _limit.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was over just before; the next attempt finds out.
        }
    }

    public void Dispose()
    {
        _all.Dispose();
        _limit.Dispose();
    }
}
