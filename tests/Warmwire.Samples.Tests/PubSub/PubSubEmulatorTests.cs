using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Warmwire.Samples.PubSubEmulator;
using Warmwire.Samples.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.PubSub;

public sealed class PubSubEmulatorTests : IAsyncLifetime
{
    private const string Topic = "v1/projects/demo/topics/prices";
    private const string Subscription = "v1/projects/demo/subscriptions/all";
    private const string SubscribeToIt = """{"topic":"projects/demo/topics/prices","ackDeadlineSeconds":20}""";

    private readonly FakeTime _time = new();
    private readonly HttpClient _client = new();
    private CountingServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await CountingServer.StartAsync(app => PubSubEmulatorEndpoint.Map(app, new PubSubEmulatorSettings
        {
            MaxTopics = 3,
            MaxSubscriptions = 2,
            MaxMessagesPerSubscription = 4,
            MaxBytes = 100,
            Time = _time,
        }));
        _client.BaseAddress = _server.Uri;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_topic_is_made_shown_listed_and_deleted()
    {
        Assert.Equal("""{"name":"projects/demo/topics/prices"}""", await OkAsync(HttpMethod.Put, Topic));
        Assert.Equal("""{"name":"projects/demo/topics/prices"}""", await OkAsync(HttpMethod.Get, Topic));
        Assert.Equal("""{"topics":[{"name":"projects/demo/topics/prices"}]}""", await OkAsync(HttpMethod.Get, "v1/projects/demo/topics"));
        Assert.Equal("{}", await OkAsync(HttpMethod.Get, "v1/projects/other/topics"));
        Assert.Equal("{}", await OkAsync(HttpMethod.Delete, Topic));
        await FailsAsync(404, "NOT_FOUND", "Resource not found (resource=projects/demo/topics/prices).", HttpMethod.Get, Topic);
    }

    [Fact]
    public async Task Topics_are_listed_page_by_page()
    {
        foreach (string name in (string[])["bbb", "aaa", "ccc"])
        {
            await OkAsync(HttpMethod.Put, $"v1/projects/demo/topics/{name}");
        }

        List<string> names = [];
        string page = "";
        do
        {
            using JsonDocument list = JsonDocument.Parse(
                await OkAsync(HttpMethod.Get, $"v1/projects/demo/topics?pageSize=2&pageToken={Uri.EscapeDataString(page)}"));
            names.AddRange(
                list.RootElement.GetProperty("topics").EnumerateArray().Select(static topic => topic.GetProperty("name").GetString()!));
            page = list.RootElement.TryGetProperty("nextPageToken", out JsonElement next) ? next.GetString()! : "";
        }
        while (page.Length > 0);

        Assert.Equal(["projects/demo/topics/aaa", "projects/demo/topics/bbb", "projects/demo/topics/ccc"], names);
    }

    [Fact]
    public async Task Messages_are_published_pulled_and_acknowledged()
    {
        await OkAsync(HttpMethod.Put, Topic);
        Assert.Equal(
            """{"name":"projects/demo/subscriptions/all","topic":"projects/demo/topics/prices","ackDeadlineSeconds":20}""",
            await OkAsync(HttpMethod.Put, Subscription, SubscribeToIt));
        Assert.Equal(
            """{"messageIds":["1","2"]}""",
            await PublishAsync("""{"data":"aGk=","attributes":{"a":"b"},"orderingKey":"k"}""", """{"data":"eW91"}"""));
        Assert.Equal("""{"messageIds":["3"]}""", await PublishAsync("""{"data":"eA=="}"""));

        Assert.Equal(
            """{"receivedMessages":[{"ackId":"1-1","message":{"data":"aGk=","attributes":{"a":"b"},"orderingKey":"k",""" + '"'
            + """messageId":"1","publishTime":"2026-01-01T01:00:00Z"},"deliveryAttempt":1},"""
            + """{"ackId":"2-1","message":{"data":"eW91","messageId":"2","publishTime":"2026-01-01T01:00:00Z"},"deliveryAttempt":1}]}""",
            await PullAsync(2));
        Assert.Equal(["3-1"], AckIds(await PullAsync(10)));
        Assert.Equal("{}", await PullAsync(10));

        Assert.Equal("{}", await OkAsync(HttpMethod.Post, Subscription + ":acknowledge", """{"ackIds":["1-1","3-1","99-1","junk"]}"""));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(["2-2"], AckIds(await PullAsync(10)));

        // The id of a delivery that is over acknowledges nothing.
        await OkAsync(HttpMethod.Post, Subscription + ":acknowledge", """{"ackIds":["2-1"]}""");
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(["2-3"], AckIds(await PullAsync(10)));
    }

    [Fact]
    public async Task Errors_have_the_services_shape()
    {
        await OkAsync(HttpMethod.Put, Topic);
        await OkAsync(HttpMethod.Put, Subscription, SubscribeToIt);
        await FailsAsync(
            409, "ALREADY_EXISTS", "Resource already exists in the project (resource=projects/demo/topics/prices).", HttpMethod.Put, Topic);
        await FailsAsync(
            409,
            "ALREADY_EXISTS",
            "Resource already exists in the project (resource=projects/demo/subscriptions/all).",
            HttpMethod.Put,
            Subscription,
            SubscribeToIt);
        await FailsAsync(
            400,
            "INVALID_ARGUMENT",
            "Invalid resource name given (name=projects/demo/topics/1x).",
            HttpMethod.Put,
            "v1/projects/demo/topics/1x");
        await FailsAsync(
            400, "INVALID_ARGUMENT", "A publish request has 1 to 1,000 messages, not 0.", HttpMethod.Post, Topic + ":publish", "{}");
        await FailsAsync(
            400, "INVALID_ARGUMENT", "A message needs data or an attribute.", HttpMethod.Post, Topic + ":publish", """{"messages":[{}]}""");
        await FailsAsync(400, "INVALID_ARGUMENT", "maxMessages must be at least 1.", HttpMethod.Post, Subscription + ":pull", "{}");
        await FailsAsync(
            400, "INVALID_ARGUMENT", "An acknowledge request needs ackIds.", HttpMethod.Post, Subscription + ":acknowledge", "{}");
        await FailsAsync(400, "INVALID_ARGUMENT", "The request needs a body.", HttpMethod.Post, Topic + ":publish", "null");
        await FailsAsync(
            400,
            "INVALID_ARGUMENT",
            "ackDeadlineSeconds must be from 10 to 600.",
            HttpMethod.Put,
            "v1/projects/demo/subscriptions/sss",
            """{"topic":"x","ackDeadlineSeconds":5}""");
        await FailsAsync(
            404,
            "NOT_FOUND",
            "Resource not found (resource=x).",
            HttpMethod.Put,
            "v1/projects/demo/subscriptions/sss",
            """{"topic":"x"}""");
        await FailsAsync(
            404,
            "NOT_FOUND",
            "Resource not found (resource=projects/demo/topics/none).",
            HttpMethod.Post,
            "v1/projects/demo/topics/none:publish",
            """{"messages":[{"data":"eA=="}]}""");
        await FailsAsync(
            404,
            "NOT_FOUND",
            "Resource not found (resource=POST /v1/projects/demo/topics/prices:shout).",
            HttpMethod.Post,
            Topic + ":shout",
            "{}");
        using HttpResponseMessage response = await _client.PostAsync(
            Topic + ":publish", new StringContent("{\"messages\":[{\"data\":\"%\"}]}"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("Invalid JSON payload received.", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_it_keeps_is_bounded()
    {
        await OkAsync(HttpMethod.Put, Topic);
        await OkAsync(HttpMethod.Put, "v1/projects/demo/topics/bbb");
        await OkAsync(HttpMethod.Put, "v1/projects/demo/topics/ccc");
        await FailsAsync(429, "RESOURCE_EXHAUSTED", "The emulator keeps at most 3 topics.", HttpMethod.Put, "v1/projects/demo/topics/ddd");
        await OkAsync(HttpMethod.Put, Subscription, SubscribeToIt);
        await OkAsync(HttpMethod.Put, "v1/projects/demo/subscriptions/sss", SubscribeToIt);
        await FailsAsync(
            429,
            "RESOURCE_EXHAUSTED",
            "The emulator keeps at most 2 subscriptions.",
            HttpMethod.Put,
            "v1/projects/demo/subscriptions/ttt",
            SubscribeToIt);

        string large = $$"""{"messages":[{"data":"{{Convert.ToBase64String(new byte[51])}}"}]}""";
        await FailsAsync(
            429,
            "RESOURCE_EXHAUSTED",
            "The emulator keeps at most 100 bytes that are not acknowledged.",
            HttpMethod.Post,
            Topic + ":publish",
            large);
        await OkAsync(HttpMethod.Delete, "v1/projects/demo/subscriptions/sss");
        await OkAsync(HttpMethod.Post, Topic + ":publish", large);
        await PublishAsync([.. Enumerable.Repeat("""{"data":"eA=="}""", 3)]);
        await FailsAsync(
            429,
            "RESOURCE_EXHAUSTED",
            "The emulator keeps at most 4 messages of a subscription that are not acknowledged.",
            HttpMethod.Post,
            Topic + ":publish",
            """{"messages":[{"data":"eA=="}]}""");
    }

    [Fact]
    public async Task A_subscription_outlives_its_topic()
    {
        await OkAsync(HttpMethod.Put, Topic);
        await OkAsync(HttpMethod.Put, Subscription, SubscribeToIt);
        await PublishAsync("""{"data":"eA=="}""");
        await OkAsync(HttpMethod.Delete, Topic);
        Assert.Contains("\"topic\":\"_deleted-topic_\"", await OkAsync(HttpMethod.Get, Subscription), StringComparison.Ordinal);
        Assert.Equal(["1-1"], AckIds(await PullAsync(1)));
        await OkAsync(HttpMethod.Delete, Subscription);
    }

    private static string[] AckIds(string pulled)
    {
        using JsonDocument json = JsonDocument.Parse(pulled);
        return
        [
            .. json.RootElement.GetProperty("receivedMessages")
                .EnumerateArray()
                .Select(static message => message.GetProperty("ackId").GetString()!),
        ];
    }

    private Task<string> PublishAsync(params string[] messages) =>
        OkAsync(HttpMethod.Post, Topic + ":publish", $$"""{"messages":[{{string.Join(',', messages)}}]}""");

    private Task<string> PullAsync(int max) => OkAsync(HttpMethod.Post, Subscription + ":pull", $$"""{"maxMessages":{{max}}}""");

    private async Task<string> OkAsync(HttpMethod method, string path, string? body = null)
    {
        using HttpResponseMessage response = await SendAsync(method, path, body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return text;
    }

    private async Task FailsAsync(int code, string status, string message, HttpMethod method, string path, string? body = null)
    {
        using HttpResponseMessage response = await SendAsync(method, path, body);
        JsonElement error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal(
            (code, code, status, message),
            (
                (int)response.StatusCode,
                error.GetProperty("code").GetInt32(),
                error.GetProperty("status").GetString()!,
                error.GetProperty("message").GetString()!));
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        return await _client.SendAsync(request);
    }
}
