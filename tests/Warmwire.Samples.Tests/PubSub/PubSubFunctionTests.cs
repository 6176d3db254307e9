using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Warmwire.Samples.PubSub;
using Warmwire.Samples.PubSubEmulator;
using Warmwire.Samples.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.PubSub;

public sealed class PubSubFunctionTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _log = new();
    private readonly HttpClient _caller = new();
    private CountingServer _emulator = null!;

    public async ValueTask InitializeAsync()
    {
        _emulator = await CountingServer.StartAsync(static app => PubSubEmulatorEndpoint.Map(app, new PubSubEmulatorSettings()));
        using var setUp = new HttpClient();
        using HttpResponseMessage created = await setUp.PutAsync(
            new Uri(_emulator.Uri, "v1/projects/demo/topics/a%25b%2Bc"), content: null);
        created.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _caller.Dispose();
        await _emulator.DisposeAsync();
    }

    [Fact]
    public async Task Fifty_publishes_at_once_share_few_connections()
    {
        await using CountingServer function = await StartAsync(new("demo") { Emulator = _emulator.Uri, MaxConnections = 4 });
        int before = _emulator.Connections;
        (HttpStatusCode Status, string Text)[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PublishAsync(function)));
        Assert.All(answers, static answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(
            Enumerable.Range(1, 50).Select(static id => $"Message published: {id}").Order(),
            answers.Select(static answer => answer.Text).Order());
        Assert.InRange(_emulator.Connections - before, 1, 4);
    }

    [Fact]
    public async Task Without_reuse_each_publish_has_a_connection_of_its_own()
    {
        await using CountingServer function = await StartAsync(new("demo") { Emulator = _emulator.Uri, Reuse = false });
        int before = _emulator.Connections;
        for (int i = 1; i <= 10; i++)
        {
            Assert.Equal((HttpStatusCode.OK, $"Message published: {i}"), await PublishAsync(function));
        }

        Assert.Equal(10, _emulator.Connections - before);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"topic":1,"message":"x"}""")]
    public async Task What_cannot_be_parsed_is_400(string body)
    {
        await using CountingServer function = await StartAsync(new("demo") { Emulator = _emulator.Uri });
        Assert.Equal((HttpStatusCode.BadRequest, "Error parsing request"), await PostAsync(function, body));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"topic":"abc"}""")]
    [InlineData("""{"topic":"abc","message":""}""")]
    [InlineData("""{"topic":null,"message":"x"}""")]
    public async Task A_missing_parameter_is_400(string body)
    {
        await using CountingServer function = await StartAsync(new("demo") { Emulator = _emulator.Uri });
        Assert.Equal((HttpStatusCode.BadRequest, "missing 'topic' or 'message' parameter"), await PostAsync(function, body));
    }

    [Theory]
    [InlineData("none", "pubsub: NOT_FOUND: ")]
    [InlineData("../x", "pubsub: INVALID_ARGUMENT: ")]
    public async Task A_publish_that_fails_is_500_and_its_reason_is_logged(string topic, string logged)
    {
        await using CountingServer function = await StartAsync(new("demo") { Emulator = _emulator.Uri });
        Assert.Equal(
            (HttpStatusCode.InternalServerError, "Error publishing message"),
            await PostAsync(function, $$"""{"topic":"{{topic}}","message":"x"}"""));
        Assert.StartsWith(logged, Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_come_over_the_clients_own_connections_and_once()
    {
        int asked = 0;
        const string TokenPath = "/computeMetadata/v1/instance/service-accounts/default/token";
        await using CountingServer metadata = await CountingServer.StartAsync(app => app.Map(TokenPath, context =>
        {
            Assert.Equal("Google", context.Request.Headers["Metadata-Flavor"]);
            Interlocked.Increment(ref asked);
            return context.Response.WriteAsync("""{"access_token":"secret","expires_in":3600}""");
        }));
        string? authorization = null;
        const string PublishPath = "/v1/projects/demo/topics/{topic}";
        await using CountingServer service = await CountingServer.StartAsync(app => app.MapPost(PublishPath, context =>
        {
            authorization = context.Request.Headers.Authorization;
            return context.Response.WriteAsync("""{"messageIds":["5"]}""");
        }));
        using HttpClient client = WarmHttp.CreateClient();
        var tokens = new MetadataTokenSource(client, metadata.Uri.Authority);
        var publisher = new PubSubPublisher(client, new PubSubPublisherSettings("demo") { Endpoint = service.Uri, Tokens = tokens });
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("5", await publisher.PublishAsync("prices", PubSubMessage.FromText("x")));
        }

        Assert.Equal("Bearer secret", authorization);
        Assert.Equal((1, 1, 1), (asked, metadata.Connections, service.Connections));
    }

    [Fact]
    public void Settings_are_read_from_the_environment()
    {
        Assert.True(TryRead(out PubSubFunctionSettings? settings, out _, ("GOOGLE_CLOUD_PROJECT", "demo")));
        Assert.Equal((null, "metadata.google.internal", true), (settings!.Emulator, settings.MetadataHost, settings.Reuse));
        Assert.True(
            TryRead(
                out settings,
                out _,
                ("GOOGLE_CLOUD_PROJECT", "demo"),
                ("PUBSUB_EMULATOR_HOST", "localhost:8085"),
                ("GCE_METADATA_HOST", "127.0.0.1:99"),
                ("REUSE", "off")));
        Assert.Equal(
            (new Uri("http://localhost:8085/"), "127.0.0.1:99", false), (settings!.Emulator, settings.MetadataHost, settings.Reuse));
    }

    [Theory]
    [InlineData("GOOGLE_CLOUD_PROJECT", "", "GOOGLE_CLOUD_PROJECT is not set; it is the project whose topics are published to")]
    [InlineData(
        "GOOGLE_CLOUD_PROJECT",
        "a/b",
        "GOOGLE_CLOUD_PROJECT: a project must have 1 to 100 lower-case letters, digits or any of -.: and begin with a letter or "
            + "digit, which 'a/b' does not")]
    [InlineData(
        "PUBSUB_EMULATOR_HOST", "http://h:1", "PUBSUB_EMULATOR_HOST must be a host and a port, such as localhost:8085, not 'http://h:1'")]
    [InlineData("GCE_METADATA_HOST", "h:port", "GCE_METADATA_HOST must be a host and a port, such as localhost:8085, not 'h:port'")]
    [InlineData("REUSE", "1", "REUSE must be 'on' or 'off', not '1'")]
    public void What_is_wrong_with_settings_is_said(string name, string value, string expected)
    {
        Assert.False(TryRead(out _, out string? wrong, (name, value), ("GOOGLE_CLOUD_PROJECT", "demo")));
        Assert.Equal(expected, wrong);
    }

    private static bool TryRead(
        out PubSubFunctionSettings? settings,
        out string? wrong,
        params (string Name, string Value)[] environment) =>
        PubSubFunctionSettings.TryRead(name => environment.FirstOrDefault(pair => pair.Name == name).Value, out settings, out wrong);

    private Task<CountingServer> StartAsync(PubSubFunctionSettings settings) =>
        CountingServer.StartAsync(app => PubSubFunctionEndpoint.Map(app, settings with { Log = _log.Enqueue }));

    private Task<(HttpStatusCode Status, string Text)> PublishAsync(CountingServer function) =>
        PostAsync(function, """{"topic":"a%b+c","message":"hello"}""");

    private async Task<(HttpStatusCode Status, string Text)> PostAsync(CountingServer function, string body)
    {
        using HttpResponseMessage response = await _caller.PostAsync(
            function.Uri, new StringContent(body, Encoding.UTF8, "application/json"));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
