using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Telemetry;

/// <summary>Dashboards made for .NET's meter "System.Net.Http" go on reading.</summary>
public sealed class MetricParityTests
{
    private static readonly string[] s_shared =
    [
        "http.client.active_requests", "http.client.connection.duration", "http.client.open_connections", "http.client.request.duration",
        "http.client.request.time_in_queue",
    ];

    [Fact]
    public async Task Instruments_have_the_names_kinds_units_and_descriptions_of_NET()
    {
        IReadOnlyList<string> reference = await InstrumentsAsync(Reference, "System.Net.Http");
        IReadOnlyList<string> ours = await InstrumentsAsync(Ours, "System.Net.Http");
        Assert.Equal(s_shared, reference.Select(instrument => instrument.Split(' ')[0]));
        Assert.Equal(reference, ours);
    }

    [Theory]
    [InlineData("GET", 200)]
    [InlineData("POST", 500)]
    [InlineData("PUT", 404)]
    [InlineData("BREW", 302)]
    [InlineData("get", 299)]
    public async Task Measurements_have_the_attributes_of_NET(string method, int status)
    {
        await AssertSameAsync(_ => Reply.With($"{status} X", "body", "Location: /next"), async (client, uri) =>
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), uri);
            using HttpResponseMessage response = await client.SendAsync(request);
            using var second = new HttpRequestMessage(new HttpMethod(method), uri);
            using HttpResponseMessage again = await client.SendAsync(second);
        });
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody")]
    public Task Failed_and_closed_exchanges_have_the_attributes_of_NET(string response) =>
        AssertSameAsync(_ => new Reply(response, Close: true), async (client, uri) =>
        {
            try
            {
                using HttpResponseMessage _ = await client.PostAsync(uri, new StringContent("x"));
            }
            catch (HttpRequestException)
            {
                // measured
            }
        });

    [Fact]
    public async Task A_connection_that_fails_has_the_attributes_of_NET()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        await AssertSameAsync(
            _ => Reply.Ok(),
            (client, _) => Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync($"http://127.0.0.1:{port}/")));
    }

    [Fact]
    public Task A_timeout_of_the_client_has_the_attributes_of_NET() =>
        AssertSameAsync(_ => "", (client, uri) =>
        {
            client.Timeout = TimeSpan.FromMilliseconds(100);
            return Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetStringAsync(uri));
        });

    /// <summary>The name that TLS asks for is not the server's address, unless the Host header says so.</summary>
    [Theory]
    [InlineData(null, null)]
    [InlineData("named.test", null)]
    [InlineData(null, "header.test")]
    [InlineData("named.test", "header.test")]
    public async Task The_server_of_a_TLS_connection_has_the_address_of_NET(string? targetHost, string? hostHeader)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static _ => Task.CompletedTask);
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = targetHost, RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        };
        string[] reference =
            await AddressesAsync(meters => new SocketsHttpHandler { UseProxy = false, MeterFactory = meters, SslOptions = tls });
        string[] ours =
            await AddressesAsync(meters => new PooledHttpHandler { UseProxy = false, MeterFactory = meters, SslOptions = tls });
        Assert.NotEmpty(reference);
        Assert.Equal(reference, ours);

        async Task<string[]> AddressesAsync(Func<IMeterFactory, HttpMessageHandler> create)
        {
            using var meters = new TestMeterFactory();
            using var metrics = new MetricCollector(meters, "System.Net.Http");
            using (var client = new HttpClient(create(meters)))
            using (var request = new HttpRequestMessage(HttpMethod.Get, server.HttpsUri))
            {
                request.Headers.Host = hostHeader;
                using HttpResponseMessage response = await client.SendAsync(request);
            }

            await Eventually.IsTrue(() => metrics.Sum("http.client.open_connections") == 0, "every connection is counted out");
            return
            [
                .. metrics.Points.Where(point => s_shared.Contains(point.Instrument, StringComparer.Ordinal))
                    .Select(static point => $"{point.Instrument} {point.Tags.GetValueOrDefault("server.address")}")
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ];
        }
    }

    private static SocketsHttpHandler Reference(IMeterFactory meters) => new() { UseProxy = false, MeterFactory = meters };

    private static PooledHttpHandler Ours(IMeterFactory meters) => new() { UseProxy = false, MeterFactory = meters };

    private static async Task AssertSameAsync(Func<string, Reply> answer, Func<HttpClient, Uri, Task> scenario)
    {
        IReadOnlyList<string> reference = await PlayAsync(Reference, "System.Net.Http", answer, scenario);
        IReadOnlyList<string> ours = await PlayAsync(Ours, "System.Net.Http", answer, scenario);
        Assert.Equal(reference, ours);
    }

    /// <summary>
    /// Each different measurement of the shared instruments. Two values are left out: .NET says ::ffff:127.0.0.1 of an IPv4 peer, we say
    /// 127.0.0.1; and it calls a connection idle before its first request.
    /// </summary>
    private static async Task<IReadOnlyList<string>> PlayAsync(
        Func<IMeterFactory, HttpMessageHandler> create, string meter, Func<string, Reply> answer, Func<HttpClient, Uri, Task> scenario)
    {
        await using var server = new ParityServer(answer);
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters, meter);
        using (var client = new HttpClient(create(meters)))
        {
            await scenario(client, server.Uri);
        }

        await Eventually.IsTrue(() => metrics.Sum("http.client.open_connections") == 0, "every connection is counted out");
        return
        [
            .. metrics.Points.Where(point => s_shared.Contains(point.Instrument, StringComparer.Ordinal))
                .Select(Describe)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];

        string Describe(MetricPoint point)
        {
            IEnumerable<string> tags = point.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal)
                .Select(tag => string.Create(
                    CultureInfo.InvariantCulture, $"{tag.Key}={Value(tag.Key, tag.Value)} ({tag.Value?.GetType().Name})"));
            return $"{point.Instrument}: {string.Join(", ", tags)}";
        }

        static object? Value(string key, object? value) => key switch
        {
            "server.port" => "PORT",
            "network.peer.address" => "ADDRESS",
            "http.connection.state" => "STATE",
            _ => value,
        };
    }

    private static async Task<IReadOnlyList<string>> InstrumentsAsync(Func<IMeterFactory, HttpMessageHandler> create, string meter)
    {
        using var meters = new TestMeterFactory();
        var instruments = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == meter && instrument.Meter.Scope == meters)
                {
                    lock (instruments)
                    {
                        instruments.Add(
                            $"{instrument.Name} {instrument.GetType().Name} {instrument.GetType().GenericTypeArguments[0].Name} "
                            + $"{instrument.Unit} {instrument.Description}");
                    }
                }
            },
        };
        listener.Start();
        await using var server = new ParityServer(_ => Reply.Ok());
        using var client = new HttpClient(create(meters));
        await client.GetStringAsync(server.Uri);
        return [.. instruments.Order(StringComparer.Ordinal)];
    }
}
