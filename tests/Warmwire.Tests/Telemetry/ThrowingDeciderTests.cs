using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Tests.Telemetry;

/// <summary>
/// Code of the application that a request cannot do without may throw: the request that asked fails with what was thrown, and nothing else.
/// What the failure looks like beside .NET's is compared in <see cref="FailureParityTests"/>.
/// </summary>
[Collection(ProcessWideTelemetry.Name)]
public sealed class ThrowingDeciderTests
{
    public static TheoryData<string, bool> Deciders()
    {
        string[] deciders =
        [
            "RequestSelector", "RequestEncoding", "ResponseSelector", "ResponseEncoding", "Propagator", "ConnectCallback", "Filter",
            "Certificate",
        ];
        var data = new TheoryData<string, bool>();
        foreach (string decider in deciders)
        {
            data.Add(decider, false);
            data.Add(decider, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Deciders))]
    public async Task What_is_thrown_fails_the_requests_that_asked_and_no_count_stays_behind(string decider, bool isHttp2)
    {
        bool throws = true;
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(
            isHttp2, isTls: true, new TestMeterFactory(), handler => Install(handler, decider, () => throws));
        using var activity = new Activity("the caller's");
        activity.Start();
        Exception error = await Guard.Within(
            Assert.ThrowsAnyAsync<Exception>(() => scenario.SendOneAsync("/latin")),
            () => $"hangs: {scenario.Handler.GetSnapshot()}");
        Assert.IsType<TestFaultException>(error.GetBaseException());
        Assert.True(decider == "Propagator" ? error is TestFaultException : error is TransportException, error.ToString());

        // All ways to end, each with a request that fails in the middle.
        await scenario.PlayAsync();
        throws = false;
        Assert.Equal("/: 200 ok", await scenario.SendAsync("/"));
        await scenario.AssertAllCountsAreZeroAsync();
    }

    [Theory]
    [InlineData("ResponseSelector", "/latin", null)]
    [InlineData("ResponseEncoding", "/latin", null)]
    [InlineData("ResponseSelector", "/trailers", "X-Trailer")]
    [InlineData("RequestSelector", "/latin", null)]
    public async Task What_is_thrown_for_one_stream_leaves_the_others_of_its_connection_alone(string decider, string path, string? header)
    {
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(
            isHttp2: true, isTls: false, new TestMeterFactory(), handler => Install(handler, decider, () => true, path, header));
        Assert.Equal("/: 200 ok", await scenario.SendAsync("/"));
        Task<string> other = scenario.SendAsync("/pause");
        Exception error = await Assert.ThrowsAnyAsync<HttpRequestException>(() => scenario.SendOneAsync(path));
        Assert.IsType<TestFaultException>(error.GetBaseException());
        Assert.Equal("/pause: 200 ok", await other);
        Assert.Equal("/: 200 ok", await scenario.SendAsync("/"));
        Assert.Equal(1, scenario.Connections);
        await scenario.AssertAllCountsAreZeroAsync();
    }

    [Fact]
    public async Task What_a_selector_throws_for_a_trailer_of_HTTP_1_1_fails_the_read_and_nothing_else()
    {
        bool throws = true;
        await using var server = new ParityServer(
            _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: value\r\n\r\n");
        using var handler = new PooledHttpHandler { UseProxy = false };
        Install(handler, "ResponseSelector", () => throws, header: "X-Trailer");
        using var client = new HttpClient(handler, disposeHandler: false);
        Exception error = await Guard.Within(
            Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync(server.Uri)),
            () => "hangs");
        Assert.IsType<TestFaultException>(error.GetBaseException());
        throws = false;
        Assert.Equal("ok", await client.GetStringAsync(server.Uri));
        await Eventually.IsTrue(() => handler.GetSnapshot() is { Active: 0, Idle: 1 }, "one connection is idle");
    }

    [Fact]
    public async Task A_request_whose_header_cannot_be_encoded_leaves_its_connection_as_it_was()
    {
        bool throws = false;
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(
            isHttp2: false, isTls: false, new TestMeterFactory(), handler => Install(handler, "RequestSelector", () => throws));
        Assert.Equal("/: 200 ok", await scenario.SendAsync("/"));
        throws = true;
        TransportException error = await Assert.ThrowsAsync<TransportException>(() => scenario.SendOneAsync("/"));
        Assert.Equal(RequestSent.No, error.RequestSent);
        Assert.Contains("PooledHttpHandler.RequestHeaderEncodingSelector", error.Message, StringComparison.Ordinal);
        throws = false;
        Assert.Equal("/: 200 ok", await scenario.SendAsync("/"));
        Assert.Equal(1, scenario.Connections);
    }

    [Fact]
    public async Task A_meter_factory_that_throws_fails_the_request_and_is_asked_again()
    {
        using var factory = new ThrowingMeterFactory { Throws = true };
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(
            isHttp2: false, isTls: false, new TestMeterFactory(), handler => handler.MeterFactory = factory);
        await Assert.ThrowsAsync<TestFaultException>(() => scenario.SendOneAsync("/"));
        factory.Throws = false;
        Assert.Equal("/: 200 ok", await scenario.SendAsync("/"));
        await scenario.AssertAllCountsAreZeroAsync();
    }

    // The factory may use other threads, and those the handler.
    [Fact]
    public async Task A_meter_factory_is_not_called_under_a_lock_of_the_handler()
    {
        using var factory = new ThrowingMeterFactory();
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(
            isHttp2: false, isTls: false, new TestMeterFactory(), handler => handler.MeterFactory = factory);
        factory.Created = () =>
        {
            factory.Created = null;
            Assert.True(Task.Run(scenario.Handler.Dispose).Wait(Guard.Limit), "disposing waits for the factory");
        };
        Assert.Equal("/: ObjectDisposedException", await scenario.SendAsync("/"));
    }

    private static void Install(PooledHttpHandler handler, string decider, Func<bool> throws, string? path = null, string? header = null)
    {
        switch (decider)
        {
            case "RequestSelector":
                handler.RequestHeaderEncodingSelector = (name, request) => IsMeant(name, request) ? Throw() : null;
                break;

            case "RequestEncoding":
                handler.RequestHeaderEncodingSelector = (name, request) => throws() && IsMeant(name, request)
                    ? new ThrowingEncoding()
                    : null;
                break;

            case "ResponseSelector":
                handler.ResponseHeaderEncodingSelector = (name, request) => IsMeant(name, request) ? Throw() : null;
                break;

            case "ResponseEncoding":
                handler.ResponseHeaderEncodingSelector = (name, request) => throws() && IsMeant(name, request)
                    ? new ThrowingEncoding()
                    : null;
                break;

            case "Propagator":
                handler.ActivityHeadersPropagator = new ThrowingPropagator(() => Throw());
                break;

            case "ConnectCallback":
                handler.ConnectCallback = async (context, token) =>
                {
                    Throw();
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(context.DnsEndPoint, token).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                };
                break;

            case "Filter":
                handler.PlaintextStreamFilter = (context, _) =>
                {
                    Throw();
                    return ValueTask.FromResult(context.PlaintextStream);
                };
                break;

            case "Certificate":
                handler.SslOptions =
                    new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => Throw() is null };
                break;
        }

        bool IsMeant(string name, HttpRequestMessage request) =>
            (path is null || request.RequestUri!.AbsolutePath == path)
            && (header is null || name.Equals(header, StringComparison.OrdinalIgnoreCase));

        Encoding? Throw() => throws() ? throw new TestFaultException() : null;
    }

    private sealed class TestFaultException() : Exception("the application's own fault");

    private sealed class ThrowingEncoding : UTF8Encoding
    {
        public override int GetByteCount(ReadOnlySpan<char> chars) => throw new TestFaultException();

        public override int GetByteCount(string chars) => throw new TestFaultException();

        public override int GetCharCount(ReadOnlySpan<byte> bytes) => throw new TestFaultException();

        public override unsafe int GetCharCount(byte* bytes, int count) => throw new TestFaultException();

        public override string GetString(byte[] bytes, int index, int count) => throw new TestFaultException();
    }

    private sealed class ThrowingPropagator(Action inject) : DistributedContextPropagator
    {
        public override IReadOnlyCollection<string> Fields => [];

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) => inject();

        public override void ExtractTraceIdAndState(
            object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
            (traceId, traceState) = (null, null);

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) =>
            null;
    }

    private sealed class ThrowingMeterFactory : IMeterFactory
    {
        private readonly TestMeterFactory _meters = new();

        public bool Throws { get; set; }

        public Action? Created { get; set; }

        public Meter Create(MeterOptions options)
        {
            if (Throws)
            {
                throw new TestFaultException();
            }

            Created?.Invoke();
            return _meters.Create(options);
        }

        public void Dispose() => _meters.Dispose();
    }
}
