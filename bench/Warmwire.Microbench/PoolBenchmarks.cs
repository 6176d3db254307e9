using BenchmarkDotNet.Attributes;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;
using Warmwire.Settings;
using Warmwire.Tests.Soak;

namespace Warmwire.Microbench;

/// <summary>Renting a connection and giving it back, without an exchange: by one task, and by 64 tasks at once. A connection is a stream that is silent.</summary>
[MemoryDiagnoser]
public class PoolBenchmarks
{
    private const int Tasks = 64;
    private const int Each = 1000;

    private static readonly OriginProbe s_origin = new(IsTls: false, "example.com", 80, TlsHost: null, ClientCertificate: null);

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
            connections[i] = await _pool.RentAsync(s_origin, NewAttempt(), replacementFor: null).ConfigureAwait(false);
        }

        foreach (HttpConnection connection in connections)
        {
            connection.Rest();
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _pool.Dispose();

    [Benchmark]
    public async Task Alone()
    {
        HttpConnection connection = await _pool.RentAsync(s_origin, _attempt, replacementFor: null).ConfigureAwait(false);
        connection.Rest();
    }

    [Benchmark(OperationsPerInvoke = Tasks * Each)]
    public Task SixtyFourTasks()
    {
        var tasks = new Task[Tasks];
        for (int i = 0; i < Tasks; i++)
        {
            tasks[i] = Task.Run(RentAndRestAsync);
        }

        return Task.WhenAll(tasks);
    }

    private async Task RentAndRestAsync()
    {
        Attempt attempt = NewAttempt();
        for (int i = 0; i < Each; i++)
        {
            HttpConnection connection = await _pool.RentAsync(s_origin, attempt, replacementFor: null).ConfigureAwait(false);
            connection.Rest();
        }
    }

    private Attempt NewAttempt() => new(new AttemptRequest(_request, _settings, CancellationToken.None));
}
