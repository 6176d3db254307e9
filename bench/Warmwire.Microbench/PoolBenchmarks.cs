using BenchmarkDotNet.Attributes;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;
using Warmwire.Settings;

namespace Warmwire.Microbench;

/// <summary>
/// Leasing a connection and releasing it, without an exchange: by one task, and by 64 tasks at once. A connection is a stream that is
/// silent.
/// </summary>
[MemoryDiagnoser]
public class PoolBenchmarks
{
    private const int Tasks = 64;
    private const int Each = 1000;

    private static readonly RouteIdentity s_origin = new(isTls: false, "example.com", 80, tlsHost: null, clientCertificate: null);

    private readonly HttpRequestMessage _request = new(HttpMethod.Get, "http://example.com/");
    private ConnectionPool _pool = null!;
    private RequestSettings _settings = null!;
    private Attempt _attempt = null!;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var settings = new HandlerSettings
        {
            ConnectCallback = static (_, _) => ValueTask.FromResult<Stream>(new SilentStream()),
        };
        _pool = new ConnectionPool(new ConnectionServices(settings), new PoolEvents(TransportMetrics.For(null), settings.TimeProvider));
        _settings = RequestSettings.Defaults(settings);
        _attempt = NewAttempt();
        var connections = new HttpConnection[Tasks];
        for (int i = 0; i < Tasks; i++)
        {
            connections[i] = await _pool.LeaseAsync(s_origin, NewAttempt(), replacementFor: null).ConfigureAwait(false);
        }

        foreach (HttpConnection connection in connections)
        {
            connection.Release();
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _pool.Dispose();

    [Benchmark]
    public async Task Alone()
    {
        HttpConnection connection = await _pool.LeaseAsync(s_origin, _attempt, replacementFor: null).ConfigureAwait(false);
        connection.Release();
    }

    [Benchmark(OperationsPerInvoke = Tasks * Each)]
    public Task SixtyFourTasks()
    {
        var tasks = new Task[Tasks];
        for (int i = 0; i < Tasks; i++)
        {
            tasks[i] = Task.Run(LeaseAndReleaseAsync);
        }

        return Task.WhenAll(tasks);
    }

    private async Task LeaseAndReleaseAsync()
    {
        Attempt attempt = NewAttempt();
        for (int i = 0; i < Each; i++)
        {
            HttpConnection connection = await _pool.LeaseAsync(s_origin, attempt, replacementFor: null).ConfigureAwait(false);
            connection.Release();
        }
    }

    private Attempt NewAttempt() => new(new AttemptRequest(_request, _settings, CancellationToken.None));
}
