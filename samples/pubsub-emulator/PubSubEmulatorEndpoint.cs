using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Warmwire.Samples.PubSubEmulator;

/// <summary>As much of the Pub/Sub service's REST interface as tests and local use need.</summary>
internal static class PubSubEmulatorEndpoint
{
    private static readonly SearchValues<char> s_name = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+%");

    /// <summary>Adds an emulator, with a memory of its own.</summary>
    /// <param name="app">The application, or a group of its routes.</param>
    /// <param name="settings">What it keeps at most.</param>
    public static void Map(IEndpointRouteBuilder app, PubSubEmulatorSettings settings)
    {
        var store = new EmulatorStore(settings);
        const string Topics = "/v1/projects/{project}/topics";
        const string Subscriptions = "/v1/projects/{project}/subscriptions";
        EmulatorJson json = EmulatorJson.Default;

        app.MapGet(
            Topics,
            Answer(json.TopicList, context => store.ListTopics(Project(context), PageSize(context), context.Request.Query["pageToken"])));
        app.MapPut(Topics + "/{topic}", Answer(json.TopicBody, context => store.CreateTopic(Name(context, "topic"))));
        app.MapGet(Topics + "/{topic}", Answer(json.TopicBody, context => store.GetTopic(Name(context, "topic"))));
        app.MapDelete(Topics + "/{topic}", Answer(json.Nothing, context => store.DeleteTopic(Name(context, "topic"))));
        app.MapPost(
            Topics + "/{topic}:publish",
            Answer(json.PublishBody, json.PublishAnswer, (context, body) => store.Publish(Name(context, "topic"), body)));

        app.MapPut(
            Subscriptions + "/{subscription}",
            Answer(
                json.SubscriptionBody,
                json.SubscriptionBody,
                (context, body) => store.CreateSubscription(Name(context, "subscription"), body)));
        app.MapGet(
            Subscriptions + "/{subscription}",
            Answer(json.SubscriptionBody, context => store.GetSubscription(Name(context, "subscription"))));
        app.MapDelete(
            Subscriptions + "/{subscription}", Answer(json.Nothing, context => store.DeleteSubscription(Name(context, "subscription"))));
        app.MapPost(
            Subscriptions + "/{subscription}:pull",
            Answer(json.PullBody, json.PullAnswer, (context, body) => store.Pull(Name(context, "subscription"), body)));
        app.MapPost(
            Subscriptions + "/{subscription}:acknowledge",
            Answer(json.AcknowledgeBody, json.Nothing, (context, body) => store.Acknowledge(Name(context, "subscription"), body)));

        app.Map(
            "/v1/{**rest}",
            Answer<Nothing>(
                json.Nothing, static context => throw EmulatorException.NotFound($"{context.Request.Method} {context.Request.Path}")));
    }

    private static RequestDelegate Answer<TAnswer>(JsonTypeInfo<TAnswer> type, Func<HttpContext, TAnswer> handle) =>
        context => AnswerAsync(context, type, () => new ValueTask<TAnswer>(handle(context)));

    private static RequestDelegate Answer<TBody, TAnswer>(
        JsonTypeInfo<TBody> bodyType,
        JsonTypeInfo<TAnswer> type,
        Func<HttpContext, TBody, TAnswer> handle)
        where TBody : class =>
        context => AnswerAsync(context, type, async () => handle(context, await ReadAsync(context, bodyType)));

    private static async Task AnswerAsync<TAnswer>(HttpContext context, JsonTypeInfo<TAnswer> type, Func<ValueTask<TAnswer>> handle)
    {
        byte[] answer;
        try
        {
            answer = JsonSerializer.SerializeToUtf8Bytes(await handle(), type);
        }
        catch (EmulatorException e)
        {
            context.Response.StatusCode = e.Code;
            answer = JsonSerializer.SerializeToUtf8Bytes(
                new ErrorAnswer(new ErrorBody(e.Code, e.Message, e.Status)), EmulatorJson.Default.ErrorAnswer);
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }

    private static async ValueTask<TBody> ReadAsync<TBody>(HttpContext context, JsonTypeInfo<TBody> type)
        where TBody : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(
                context.Request.Body, type, context.RequestAborted) ?? throw EmulatorException.Invalid("The request needs a body.");
        }
        catch (Exception e) when (e is JsonException or BadHttpRequestException)
        {
            throw EmulatorException.Invalid($"Invalid JSON payload received. {e.Message}");
        }
    }

    private static string Project(HttpContext context) => $"projects/{context.Request.RouteValues["project"]}";

    /// <summary>projects/P/topics/T or projects/P/subscriptions/S, by the service's rules for names.</summary>
    private static string Name(HttpContext context, string kind)
    {
        string name = $"{context.Request.RouteValues[kind]}";
        if (name.Length is < 3 or > 255
            || name.AsSpan().ContainsAnyExcept(s_name)
            || !char.IsAsciiLetter(name[0])
            || name.StartsWith("goog", StringComparison.Ordinal))
        {
            throw EmulatorException.Invalid($"Invalid resource name given (name={Project(context)}/{kind}s/{name}).");
        }

        return $"{Project(context)}/{kind}s/{name}";
    }

    private static int PageSize(HttpContext context)
    {
        string? text = context.Request.Query["pageSize"];
        return string.IsNullOrEmpty(text) ? 0
            : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int size) ? size
            : throw EmulatorException.Invalid("pageSize must be a number.");
    }
}
