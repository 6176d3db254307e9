using System.Net;
using System.Text;
using Warmwire.Samples.PubSub;
using Warmwire.Samples.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.PubSub;

public sealed class PubSubPublisherTests
{
    private const string OneId = """{"messageIds":["17"]}""";

    private readonly FakeTime _time = new();

    [Fact]
    public async Task A_message_is_sent_as_the_service_wants_it()
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(OneId));
        var message = PubSubMessage.FromText("hi") with { Attributes = new Dictionary<string, string> { ["a"] = "b" }, OrderingKey = "k" };
        Assert.Equal("17", await Publisher(handler).PublishAsync("prices", message));
        FakeHandler.Call call = Assert.Single(handler.Calls);
        Assert.Equal(
            (HttpMethod.Post, "https://pubsub.googleapis.com/v1/projects/demo/topics/prices:publish"), (call.Method, call.Uri.AbsoluteUri));
        Assert.Equal("""{"messages":[{"data":"aGk=","attributes":{"a":"b"},"orderingKey":"k"}]}""", call.Body);
        Assert.Null(call.Authorization);
    }

    [Fact]
    public async Task Many_messages_are_one_call_and_what_they_lack_is_left_out()
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json("""{"messageIds":["1","2"]}"""));
        PubSubMessage bare = new(default) { Attributes = new Dictionary<string, string> { ["a"] = "b" } };
        Assert.Equal(["1", "2"], await Publisher(handler).PublishAsync("prices", [PubSubMessage.FromText("x"), bare]));
        Assert.Equal("""{"messages":[{"data":"eA=="},{"attributes":{"a":"b"}}]}""", Assert.Single(handler.Calls).Body);
    }

    [Fact]
    public async Task A_topic_is_escaped()
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(OneId));
        await Publisher(handler, project: "example.com:demo").PublishAsync("a%2Fb+c~d", PubSubMessage.FromText("x"));
        Assert.Equal(
            "https://pubsub.googleapis.com/v1/projects/example.com%3Ademo/topics/a%252Fb%2Bc~d:publish",
            Assert.Single(handler.Calls).Uri.AbsoluteUri);
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("1abc")]
    [InlineData("../x")]
    [InlineData("a/b/c")]
    [InlineData("abc:publish")]
    [InlineData("abc?x")]
    [InlineData("google")]
    public async Task A_topic_that_breaks_the_services_rules_is_not_sent(string topic)
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(OneId));
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(
            () => Publisher(handler).PublishAsync(topic, PubSubMessage.FromText("x")));
        Assert.Equal(("INVALID_ARGUMENT", false), (e.StatusName, e.IsRetryable));
        Assert.Contains($"'{topic}'", e.Message, StringComparison.Ordinal);
        Assert.Empty(handler.Calls);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData("Demo")]
    [InlineData(".demo")]
    public void A_project_that_breaks_the_services_rules_makes_no_publisher(string project) =>
        Assert.Throws<ArgumentException>(() => Publisher(null, project));

    [Fact]
    public async Task What_is_over_a_limit_gets_an_error_that_names_it_and_is_not_sent()
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(OneId));
        PubSubPublisher publisher = Publisher(handler);
        PubSubMessage small = PubSubMessage.FromText("x");
        await AssertRefused("a message needs data or an attribute, and this one has neither", new PubSubMessage(default));
        await AssertRefused("1,001 messages in one publish, and the limit is 1,000", [.. Enumerable.Repeat(small, 1_001)]);
        await AssertRefused("the message has 10,000,001 bytes, and the limit is 10,000,000", new PubSubMessage(new byte[9_999_995]));
        await AssertRefused(
            "the messages of one publish have 10,000,012 bytes, and the limit is 10,000,000",
            new PubSubMessage(new byte[5_000_000]),
            new PubSubMessage(new byte[5_000_000]));
        await AssertRefused(
            "the ordering key has 1,025 bytes, and the limit is 1,024", small with { OrderingKey = new string('k', 1_025) });
        await AssertRefused(
            "the attribute 'a' has 1,026 bytes, and the limit is 1,024",
            small with { Attributes = new Dictionary<string, string> { ["a"] = new('é', 513) } });
        await AssertRefused(
            "the name of an attribute must have 1 to 256 bytes, and one has 0",
            small with { Attributes = new Dictionary<string, string> { [""] = "x" } });
        await AssertRefused(
            "the message has 101 attributes, and the limit is 100",
            small with { Attributes = Enumerable.Range(0, 101).ToDictionary(static i => $"{i}", static _ => "") });
        Assert.Empty(handler.Calls);

        async Task AssertRefused(string reason, params PubSubMessage[] messages)
        {
            PubSubException e = await Assert.ThrowsAsync<PubSubException>(() => publisher.PublishAsync("prices", messages));
            Assert.Equal(("INVALID_ARGUMENT", $"Nothing was published: {reason}"), (e.StatusName, e.Message));
        }
    }

    [Theory]
    [InlineData(
        404,
        """{"error":{"code":404,"message":"Resource not found (resource=prices).","status":"NOT_FOUND"}}""",
        "NOT_FOUND",
        "Resource not found (resource=prices).",
        false)]
    [InlineData(429, """{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}""", "RESOURCE_EXHAUSTED", "Quota", true)]
    [InlineData(503, """{"error":{"code":503,"message":"Later"}}""", "UNAVAILABLE", "Later", true)]
    [InlineData(502, "<html>\nBad gateway", "UNAVAILABLE", "<html> Bad gateway", true)]
    [InlineData(403, "", "PERMISSION_DENIED", "(no body)", false)]
    [InlineData(418, "null", "UNKNOWN", "null", false)]
    public async Task An_error_is_decoded(int code, string body, string name, string message, bool retryable)
    {
        using var handler = new FakeHandler(_ => FakeHandler.Json(body, (HttpStatusCode)code));
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(
            () => Publisher(handler).PublishAsync("prices", PubSubMessage.FromText("x")));
        Assert.Equal((name, (HttpStatusCode)code, retryable), (e.StatusName, e.StatusCode!.Value, e.IsRetryable));
        Assert.Equal($"https://pubsub.googleapis.com/v1/projects/demo/topics/prices:publish answered {code}: {message}", e.Message);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("no json")]
    [InlineData("""{"messageIds":["1","2"]}""")]
    public async Task An_answer_without_the_ids_is_an_error_that_is_not_to_be_tried_again(string body)
    {
        using var handler = new FakeHandler(_ => FakeHandler.Json(body));
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(
            () => Publisher(handler).PublishAsync("prices", PubSubMessage.FromText("x")));
        Assert.Equal(("UNKNOWN", HttpStatusCode.OK, false), (e.StatusName, e.StatusCode!.Value, e.IsRetryable));
    }

    [Fact]
    public async Task A_transport_that_fails_is_UNAVAILABLE()
    {
        using var handler = new FakeHandler(static _ => throw new HttpRequestException("it broke"));
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(
            () => Publisher(handler).PublishAsync("prices", PubSubMessage.FromText("x")));
        Assert.Equal(("UNAVAILABLE", true), (e.StatusName, e.IsRetryable));
        Assert.Null(e.StatusCode);
        Assert.EndsWith(": it broke", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_deadline_is_DEADLINE_EXCEEDED_and_the_callers_cancellation_is_the_callers()
    {
        using var handler = new FakeHandler(static (_, cancel) => FakeHandler.NeverAsync(cancel));
        Task<string> publish = Publisher(handler).PublishAsync("prices", PubSubMessage.FromText("x"));
        _time.Advance(TimeSpan.FromSeconds(10));
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(() => Guard.Within(publish, () => "the deadline"));
        Assert.Equal("DEADLINE_EXCEEDED", e.StatusName);
        Assert.EndsWith("did not answer within 10 s", e.Message, StringComparison.Ordinal);

        using var caller = new CancellationTokenSource();
        publish = Publisher(handler).PublishAsync("prices", PubSubMessage.FromText("x"), caller.Token);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guard.Within(publish, () => "the cancellation"));
    }

    [Fact]
    public async Task A_token_that_is_refused_is_dropped_and_the_publish_tried_once_more()
    {
        var tokens = new FakeTokens();
        using var handler = new FakeHandler(
            static call => call.Authorization == "Bearer t1" ? FakeHandler.Json("", HttpStatusCode.Unauthorized) : FakeHandler.Json(OneId));
        Assert.Equal("17", await Publisher(handler, tokens: tokens).PublishAsync("prices", PubSubMessage.FromText("x")));
        Assert.Equal(["Bearer t1", "Bearer t2"], handler.Calls.Select(static call => call.Authorization));
        Assert.Equal(handler.Calls[0].Body, handler.Calls[1].Body);
        Assert.Equal(["t1"], tokens.Dropped);
    }

    [Fact]
    public async Task A_second_refusal_is_the_last_word()
    {
        var tokens = new FakeTokens();
        using var handler = new FakeHandler(static _ => FakeHandler.Json(
            """{"error":{"code":401,"message":"No","status":"UNAUTHENTICATED"}}""", HttpStatusCode.Unauthorized));
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(
            () => Publisher(handler, tokens: tokens).PublishAsync("prices", PubSubMessage.FromText("x")));
        Assert.Equal(("UNAUTHENTICATED", false), (e.StatusName, e.IsRetryable));
        Assert.Equal(2, handler.Calls.Length);
    }

    [Fact]
    public async Task Without_a_token_nothing_is_sent()
    {
        using var handler = new FakeHandler(static _ => FakeHandler.Json(OneId));
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(
            () =>
                Publisher(handler, tokens: new FakeTokens { Failure = "none today" }).PublishAsync("prices", PubSubMessage.FromText("x")));
        Assert.Equal(("UNAVAILABLE", "none today"), (e.StatusName, e.Message));
        Assert.Empty(handler.Calls);
    }

    [Fact]
    public void The_size_of_a_message_counts_bytes_of_UTF8() =>
        Assert.True(
            new PubSubMessage(Encoding.UTF8.GetBytes("é"))
            {
                OrderingKey = "é",
                Attributes = new Dictionary<string, string> { ["é"] = "é" },
            }.Size >= 8);

    private PubSubPublisher Publisher(FakeHandler? handler, string project = "demo", IAccessTokenSource? tokens = null) =>
        new(handler?.Client ?? new HttpClient(), new PubSubPublisherSettings(project) { Time = _time, Tokens = tokens });

    private sealed class FakeTokens : IAccessTokenSource
    {
        private int _given;

        public List<string> Dropped { get; } = [];

        public string? Failure { get; init; }

        public ValueTask<string> GetAsync(CancellationToken cancellationToken) =>
            Failure is null ? new($"t{++_given}") : throw new AccessTokenException(Failure);

        public void Drop(string token) => Dropped.Add(token);
    }
}
