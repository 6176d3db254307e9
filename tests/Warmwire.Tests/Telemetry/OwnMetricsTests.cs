using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Tests.Telemetry;

/// <summary>What no other client counts: why connections were opened and closed, and how often they were reused.</summary>
public sealed class OwnMetricsTests
{
    [Fact]
    public async Task Dials_reuse_and_closes_are_counted_with_their_reasons()
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters);
        await using var server = new ParityServer(
            request => request.Contains("/last", StringComparison.Ordinal) ? Reply.With("200 OK", "", "Connection: close") : Reply.Ok());
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false, MeterFactory = meters });
        await client.GetStringAsync(server.Uri);
        await client.GetStringAsync(server.Uri);
        await client.GetStringAsync(new Uri(server.Uri, "/last"));

        (string, object?) port = ("server.port", server.Port);
        (string, object?) host = ("server.address", "127.0.0.1");
        Assert.Equal(1, metrics.Sum("warmwire.client.dials", port, host, ("url.scheme", "http"), ("warmwire.dial.reason", "First")));
        Assert.Equal(1, metrics.Sum("warmwire.client.requests", port, ("warmwire.connection.reused", false)));
        Assert.Equal(2, metrics.Sum("warmwire.client.requests", port, ("warmwire.connection.reused", true)));
        await Eventually.IsTrue(
            () => metrics.Sum("warmwire.client.connections_closed", port, ("warmwire.close.reason", "ConnectionCloseHeader")) == 1,
            "the close is counted");
        Assert.Equal(1, metrics.Count("http.client.connection.duration", port));
        Assert.Equal(0, metrics.Sum("http.client.open_connections", port));
        Assert.Equal(0, metrics.Sum("http.client.active_requests", port));
    }

    [Fact]
    public async Task Failed_dials_are_counted()
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters);
        using var client = new HttpClient(new PooledHttpHandler
        {
            UseProxy = false,
            MeterFactory = meters,
            ConnectCallback = (_, _) => throw new IOException("no network"),
        });
        await Assert.ThrowsAsync<TransportException>(() => client.GetStringAsync("http://server.test/"));
        Assert.Equal(1, metrics.Sum("warmwire.client.dials", ("server.address", "server.test")));
        Assert.Equal(1, metrics.Sum("warmwire.client.dial_failures", ("server.address", "server.test"), ("warmwire.dial.reason", "First")));
        Assert.Equal(0, metrics.Sum("http.client.open_connections"));
        Assert.Equal(1, metrics.Count("http.client.request.duration", ("error.type", "connection_error")));
    }

    [Fact]
    public async Task Replays_are_counted()
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters);
        int requests = 0;
        await using var server = new ParityServer(_ => ++requests == 2 ? Reply.Nothing : Reply.Ok());
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false, MeterFactory = meters });
        await client.GetStringAsync(server.Uri);
        await client.GetStringAsync(server.Uri);
        Assert.Equal(3, requests);
        Assert.Equal(1, metrics.Sum("warmwire.client.replays", ("server.port", server.Port)));
        Assert.Equal(1, metrics.Sum("warmwire.client.dials", ("warmwire.dial.reason", "Replacement")));
        Assert.Equal(2, metrics.Count("http.client.request.duration", ("http.response.status_code", 200)));
    }

    [Fact]
    public async Task Each_hop_of_a_redirect_is_a_request()
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters);
        await using var server = new ParityServer(
            request => request.Contains("/first", StringComparison.Ordinal)
                ? Reply.With("302 Found", "", "Location: /second")
                : Reply.Ok());
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false, MeterFactory = meters });
        await client.GetStringAsync(new Uri(server.Uri, "/first"));
        Assert.Equal(1, metrics.Count("http.client.request.duration", ("http.response.status_code", 302)));
        Assert.Equal(1, metrics.Count("http.client.request.duration", ("http.response.status_code", 200)));
    }
}
