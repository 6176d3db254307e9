using System.Globalization;

namespace Warmwire.Tests.Soak;

/// <summary>Looks all the time at how much of their allowances servers use: a connection that has been closed tells nobody.</summary>
internal sealed class AllowanceWatch : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(10);

    private readonly PooledHttpHandler _handler;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private readonly SortedDictionary<string, double> _mostUsed = new(StringComparer.Ordinal);

    public AllowanceWatch(PooledHttpHandler handler)
    {
        _handler = handler;
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>The largest part of an allowance that any connection has used, by what is counted. After the end.</summary>
    public IReadOnlyDictionary<string, double> MostUsed => _mostUsed;

    public double Max => _mostUsed.Values.DefaultIfEmpty().Max();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
            await _watching;
            Look();
            _stop.Dispose();
        }
    }

    public override string ToString() => _mostUsed.Count == 0 ? "each below 0.03"
        : string.Join(", ", _mostUsed.Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:0.000}")));

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Look();
            await Task.Delay(s_interval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Look()
    {
        foreach ((string kind, double part) in _handler.GetSnapshot().Origins
            .SelectMany(static origin => origin.Connections)
            .SelectMany(static connection => connection.Allowances))
        {
            _mostUsed[kind] = Math.Max(part, _mostUsed.GetValueOrDefault(kind));
        }
    }
}
