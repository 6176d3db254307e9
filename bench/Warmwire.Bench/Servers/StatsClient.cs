using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Servers;

/// <summary>Asks a server for its counts over one connection that stays open, so that asking does not count.</summary>
internal sealed class StatsClient : IDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(15);

    private readonly HttpClient _client = new(
        new SocketsHttpHandler { UseProxy = false, PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan });
    private readonly Uri _uri;

    public StatsClient(string url) => _uri = new Uri(url);

    public Task<string> GetAsync(CancellationToken cancellationToken) => _client.GetStringAsync(_uri, cancellationToken);

    /// <summary>Waits until the server answers.</summary>
    public async Task WaitAsync(LineProcess server, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_startLimit);
        while (true)
        {
            try
            {
                await GetAsync(limit.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw new BenchFailure($"the server does not answer at {_uri}: {server.LastErrorLine}", e);
            }
        }
    }

    public void Dispose() => _client.Dispose();
}
