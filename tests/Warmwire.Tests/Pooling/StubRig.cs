using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;
using Warmwire.Settings;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Pooling;

/// <summary>A pool over <see cref="StubConnection"/>s; every dial succeeds at once.</summary>
internal sealed class StubRig : IDisposable
{
    private readonly TestMeterFactory _meters = new();
    private readonly RequestSettings _requestSettings;

    public StubRig(Action<HandlerSettings>? configure = null, bool measured = false)
    {
        var settings = new HandlerSettings
        {
            TimeProvider = Time,
            ConnectCallback = static (_, _) => ValueTask.FromResult(Stream.Null),
            MeterFactory = measured ? _meters : null,
        };
        configure?.Invoke(settings);
        _requestSettings = RequestSettings.Defaults(settings);
        Metrics = measured ? new MetricCollector(_meters) : null;
        var services = new ConnectionServices(settings);
        Pool = new ConnectionPool(services, new PoolEvents(TransportMetrics.For(settings.MeterFactory), Time))
        {
            MakeConnection = (key, dialed, owner, services) =>
            {
                var connection = new StubConnection(key, dialed, owner, services);
                lock (Made)
                {
                    Made.Add(connection);
                }

                return connection;
            },
        };
    }

    public FakeTime Time { get; } = new();

    public ConnectionPool Pool { get; }

    public MetricCollector? Metrics { get; }

    public List<StubConnection> Made { get; } = [];

    public OriginSnapshot Origin => Pool.GetSnapshot().Origins[0];

    public static RouteIdentity RouteTo(string host = "a.test", int port = 80) =>
        new(isTls: false, host, port, tlsHost: null, clientCertificate: null);

    public Attempt Attempt(int replays = 0, CancellationToken token = default) =>
        new(new AttemptRequest(new HttpRequestMessage(HttpMethod.Get, "http://a.test/"), _requestSettings, token) { Replays = replays });

    public async Task<StubConnection> Lease(string host = "a.test", int replays = 0)
    {
        ValueTask<HttpConnection> connection = Pool.LeaseAsync(RouteTo(host), Attempt(replays), replacementFor: null);
        return (StubConnection)await Guard.Within(connection.AsTask(), () => $"Waited for a connection; {Pool.GetSnapshot()}");
    }

    /// <summary>Opens connections and releases them in this order.</summary>
    public async Task<StubConnection[]> OpenIdle(int count, string host = "a.test")
    {
        var open = new StubConnection[count];
        for (int i = 0; i < count; i++)
        {
            open[i] = await Lease(host);
        }

        foreach (StubConnection connection in open)
        {
            connection.Release();
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        return open;
    }

    public void Dispose()
    {
        Pool.Dispose();
        Metrics?.Dispose();
        _meters.Dispose();
    }
}
