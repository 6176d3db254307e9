using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Warmwire.Samples.PubSubEmulator;
using Warmwire.Samples.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.Running;

/// <summary>The built programs, each started as a user starts it.</summary>
public sealed class RunningSamplesTests : IDisposable
{
    private const string Hello = """{"topic":"prices","message":"hello"}""";

    private const string Http = "Warmwire.Samples.HttpFunction.dll";
    private const string PubSub = "Warmwire.Samples.PubSub.dll";
    private const string Emulator = "Warmwire.Samples.PubSubEmulator.dll";
    private const string Prices = "Warmwire.Samples.PriceClient.dll";

    private readonly HttpClient _caller = new();

    public void Dispose() => _caller.Dispose();

    [Theory]
    [InlineData("on", 1)]
    [InlineData("off", 50)]
    public async Task The_http_function_answers_and_opens_as_many_connections_as_it_should(string reuse, int connections)
    {
        int status = 200;
        await using CountingServer upstream = await CountingServer.StartAsync(app => app.Map("/", context =>
        {
            context.Response.StatusCode = Volatile.Read(ref status);
            return context.Response.WriteAsync("hello");
        }));
        await using SampleProcess function = await SampleProcess.ServeAsync(
            Http, [], ("UPSTREAM_URL", upstream.Uri.AbsoluteUri), ("REUSE", reuse));
        for (int i = 0; i < 49; i++)
        {
            Assert.Equal((HttpStatusCode.OK, "ok"), await GetAsync(function.Uri));
        }

        Volatile.Write(ref status, 404);
        Assert.Equal((HttpStatusCode.InternalServerError, "Bad StatusCode: 404"), await GetAsync(new Uri(function.Uri, "any/path?x=1")));
        Assert.Equal(connections, upstream.Connections);

        await upstream.DisposeAsync();
        Assert.Equal((HttpStatusCode.InternalServerError, "Error making request"), await GetAsync(function.Uri));
        await Eventually.IsTrue(
            () => function.Errors.Contains($"http: GET {upstream.Uri}: ", StringComparison.Ordinal), "the reason on stderr");
    }

    [Fact]
    public async Task The_pubsub_function_publishes_over_few_connections()
    {
        await using CountingServer emulator = await CountingServer.StartAsync(
            static app => PubSubEmulatorEndpoint.Map(app, new PubSubEmulatorSettings()));
        await using SampleProcess function = await SampleProcess.ServeAsync(
            PubSub, [], ("GOOGLE_CLOUD_PROJECT", "demo"), ("PUBSUB_EMULATOR_HOST", emulator.Uri.Authority));
        using (HttpResponseMessage created = await _caller.PutAsync(new Uri(emulator.Uri, "v1/projects/demo/topics/prices"), content: null))
        {
            created.EnsureSuccessStatusCode();
        }

        int before = emulator.Connections;
        (HttpStatusCode Status, string Text)[] answers =
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PostAsync(function.Uri, Hello)));
        Assert.Equal(
            Enumerable.Range(1, 50).Select(static id => $"Message published: {id}").Order(),
            answers.Select(static answer => answer.Text).Order());
        Assert.InRange(emulator.Connections - before, 1, 16);
    }

    [Fact]
    public async Task The_pubsub_function_and_the_emulator_work_together_and_every_error_has_its_line()
    {
        await using SampleProcess emulator = await SampleProcess.ServeAsync(Emulator, []);
        await using SampleProcess function = await SampleProcess.ServeAsync(
            PubSub, [], ("GOOGLE_CLOUD_PROJECT", "demo"), ("PUBSUB_EMULATOR_HOST", emulator.Uri.Authority), ("REUSE", "off"));
        Assert.Equal((HttpStatusCode.InternalServerError, "Error publishing message"), await PostAsync(function.Uri, Hello));
        await Eventually.IsTrue(() => function.Errors.Contains("pubsub: NOT_FOUND: ", StringComparison.Ordinal), "the reason on stderr");
        using (HttpResponseMessage created = await _caller.PutAsync(new Uri(emulator.Uri, "v1/projects/demo/topics/prices"), content: null))
        {
            created.EnsureSuccessStatusCode();
        }

        Assert.Equal((HttpStatusCode.OK, "Message published: 1"), await PostAsync(function.Uri, Hello));
        Assert.Equal((HttpStatusCode.BadRequest, "Error parsing request"), await PostAsync(function.Uri, "{"));
        Assert.Equal((HttpStatusCode.BadRequest, "missing 'topic' or 'message' parameter"), await PostAsync(function.Uri, "{}"));
    }

    [Fact]
    public async Task The_price_client_asks_a_server_for_prices()
    {
        await using SampleProcess server = await SampleProcess.ServeAsync(Prices, ["serve"]);
        Assert.Equal(
            (0, "ACME: 12.34 EUR\nA/B C: 0.5 USD\n", ""), await SampleProcess.RunAsync(Prices, [server.Uri.AbsoluteUri, "ACME", "A/B C"]));
        (int exitCode, string output, string errors) = await SampleProcess.RunAsync(Prices, [server.Uri.AbsoluteUri, "none"]);
        Assert.Equal(
            (1, "", $"prices: No price of 'none' from {server.Uri}prices/none: status 404: there is no 'none' here\n"),
            (exitCode, output, errors));
    }

    [Theory]
    [InlineData(Http, "PORT", "8080", "http: UPSTREAM_URL is not set; it is the URL to call, such as http://localhost:9000/")]
    [InlineData(PubSub, "PORT", "8080", "pubsub: GOOGLE_CLOUD_PROJECT is not set; it is the project whose topics are published to")]
    [InlineData(Emulator, "PORT", "x", "pubsub-emulator: PORT must be a number from 1 to 65535, not 'x'")]
    [InlineData(Prices, "PORT", "8080", "prices: usage: URL SYMBOL..., such as http://localhost:9000 ACME; or: serve")]
    public async Task What_keeps_a_sample_from_starting_is_one_line_and_exit_code_1(
        string assembly,
        string name,
        string value,
        string expected) =>
        Assert.Equal((1, "", expected + "\n"), await SampleProcess.RunAsync(assembly, [], (name, value)));

    [Fact]
    public async Task A_port_that_is_taken_is_one_line_too()
    {
        await using SampleProcess first = await SampleProcess.ServeAsync(Emulator, []);
        (int exitCode, string output, string errors) = await SampleProcess.RunAsync(Emulator, [], ("PORT", $"{first.Uri.Port}"));
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal(
            $"pubsub-emulator: Failed to bind to address http://127.0.0.1:{first.Uri.Port}: address already in use.",
            Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    private async Task<(HttpStatusCode Status, string Text)> GetAsync(Uri uri)
    {
        using HttpResponseMessage response = await _caller.GetAsync(uri);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<(HttpStatusCode Status, string Text)> PostAsync(Uri uri, string body)
    {
        using HttpResponseMessage response = await _caller.PostAsync(uri, new StringContent(body, Encoding.UTF8, "application/json"));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
