namespace Warmwire.Exchange;

/// <summary>Everything behind a started handler.</summary>
internal sealed class ExchangeEngine : IDisposable
{
    private readonly HandlerSettings _settings;

    public ExchangeEngine(HandlerSettings settings) => _settings = settings;

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<int> PrewarmAsync(Uri origin, int connections, CancellationToken cancellationToken) => throw new NotSupportedException();

    public PoolSnapshot GetSnapshot() => new([], _settings.TimeProvider.GetUtcNow());

    public int CloseIdleConnections() => _settings is null ? 1 : 0;

    public void Dispose()
    {
    }
}
