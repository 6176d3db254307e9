using System.Net;
using Warmwire.Samples.PriceClient;
using Warmwire.Samples.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.Prices;

public sealed class PricesClientTests
{
    private const string Acme = """{"symbol":"ACME","amount":12.34,"currency":"EUR","at":"2026-01-02T03:04:05Z"}""";

    private readonly FakeTime _time = new();

    [Fact]
    public async Task A_price_is_asked_for_below_the_endpoint_and_decoded()
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(Acme));
        Price price = await Client(handler, "http://h/api?x=1").GetPriceAsync("ACME");
        Assert.Equal(new Price("ACME", 12.34m, "EUR", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)), price);
        Assert.Equal("http://h/api/prices/ACME", Assert.Single(handler.Calls).Uri.AbsoluteUri);
    }

    [Theory]
    [InlineData("A/B C", "http://h/prices/A%2FB%20C")]
    [InlineData("a?b#c%", "http://h/prices/a%3Fb%23c%25")]
    [InlineData("€", "http://h/prices/%E2%82%AC")]
    [InlineData("../x", "http://h/prices/..%2Fx")]
    public async Task A_symbol_stays_in_its_place_of_the_path(string symbol, string expected)
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(Acme));
        await Client(handler).GetPriceAsync(symbol);
        Assert.Equal(expected, Assert.Single(handler.Calls).Uri.AbsoluteUri);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    public async Task A_symbol_that_could_leave_its_place_is_refused(string symbol)
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(Acme));
        await Assert.ThrowsAsync<ArgumentException>(() => Client(handler).GetPriceAsync(symbol));
        Assert.Empty(handler.Calls);
    }

    [Fact]
    public async Task Another_status_is_a_failure_that_quotes_the_start_of_the_body()
    {
        using var handler = new FakeHandler(
            static _ => FakeHandler.Json("no\nsuch thing" + new string('x', 1_000), HttpStatusCode.NotFound));
        PriceException e = await Assert.ThrowsAsync<PriceException>(() => Client(handler).GetPriceAsync("ACME"));
        Assert.Equal(("ACME", HttpStatusCode.NotFound, false), (e.Symbol, e.StatusCode!.Value, e.IsTimeout));
        Assert.Equal(200, e.BodyStart!.Length);
        Assert.StartsWith(
            "No price of 'ACME' from http://h/prices/ACME: status 404: no such thingxxx", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"symbol":null,"amount":1,"currency":"EUR"}""")]
    [InlineData("""{"symbol":"ACME","amount":"much","currency":"EUR"}""")]
    public async Task An_answer_that_is_no_price_is_a_failure_that_quotes_it(string body)
    {
        using var handler = new FakeHandler(_ => FakeHandler.Json(body));
        PriceException e = await Assert.ThrowsAsync<PriceException>(() => Client(handler).GetPriceAsync("ACME"));
        Assert.Equal((HttpStatusCode.OK, body), (e.StatusCode!.Value, e.BodyStart));
    }

    [Fact]
    public async Task A_body_over_the_limit_is_not_read()
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(new string(' ', 70_000)));
        PriceException e = await Assert.ThrowsAsync<PriceException>(() => Client(handler).GetPriceAsync("ACME"));
        Assert.EndsWith("status 200 with a body of more than 65,536 bytes", e.Message, StringComparison.Ordinal);
        Assert.Null(e.BodyStart);
    }

    [Fact]
    public async Task A_transport_that_fails_is_the_inner_exception()
    {
        var broken = new HttpRequestException("it broke");
        using var handler = new FakeHandler(_ => throw broken);
        PriceException e = await Assert.ThrowsAsync<PriceException>(() => Client(handler).GetPriceAsync("ACME"));
        Assert.Same(broken, e.InnerException);
        Assert.Null(e.StatusCode);
    }

    [Fact]
    public async Task Its_own_deadline_is_a_failure()
    {
        using var handler = new FakeHandler(static (_, cancel) => FakeHandler.NeverAsync(cancel));
        Task<Price> price = Client(handler).GetPriceAsync("ACME");
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(price.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        PriceException e = await Assert.ThrowsAsync<PriceException>(() => Guard.Within(price, () => "the deadline"));
        Assert.True(e.IsTimeout);
        Assert.EndsWith("no complete answer within 2 s", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, _time.PendingTimers);
    }

    [Fact]
    public async Task The_callers_cancellation_is_the_callers()
    {
        using var handler = new FakeHandler(static (_, cancel) => FakeHandler.NeverAsync(cancel));
        using var caller = new CancellationTokenSource();
        Task<Price> price = Client(handler).GetPriceAsync("ACME", caller.Token);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(price, () => "the cancellation"));
    }

    [Fact]
    public async Task Over_a_real_server_many_clients_share_one_connection()
    {
        await using CountingServer server = await CountingServer.StartAsync(
            static app => PriceServerEndpoint.Map(app, TimeProvider.System));
        using var handler = new PooledHttpHandler();
        using var transport = new HttpClient(handler);
        for (int i = 0; i < 10; i++)
        {
            var prices = new PricesClient(transport, new PricesClientSettings(server.Uri));
            Assert.Equal(12.34m, (await prices.GetPriceAsync("ACME")).Amount);
            Assert.Equal("A/B C", (await prices.GetPriceAsync("A/B C")).Symbol);
            PriceException e = await Assert.ThrowsAsync<PriceException>(() => prices.GetPriceAsync("none"));
            Assert.Equal("there is no 'none' here", e.BodyStart);
        }

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task Without_a_server_the_reason_is_said()
    {
        using HttpClient transport = WarmHttp.CreateClient();
        PriceException e = await Assert.ThrowsAsync<PriceException>(
            () => new PricesClient(transport, new PricesClientSettings(new Uri("http://127.0.0.1:1/"))).GetPriceAsync("ACME"));
        Assert.IsType<TransportException>(e.InnerException);
        Assert.Contains("Connection refused", e.Message, StringComparison.Ordinal);
    }

    private PricesClient Client(FakeHandler handler, string endpoint = "http://h/") =>
        new(handler.Client, new PricesClientSettings(new Uri(endpoint)) { Time = _time });
}
