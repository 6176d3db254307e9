using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Warmwire.Samples.PubSub;

/// <summary>Publishes the message that a request brings to the topic it names.</summary>
internal sealed class PubSubFunctionEndpoint
{
    private readonly PubSubFunctionSettings _settings;
    private readonly HttpClient? _sharedClient;
    private readonly PubSubPublisher? _sharedPublisher;

    private PubSubFunctionEndpoint(PubSubFunctionSettings settings)
    {
        _settings = settings;
        if (settings.Reuse)
        {
            // Made here, once, before the first request. The publisher and its tokens share the client, and so its connections.
            _sharedClient = WarmHttp.CreateClient(handler => handler.MaxConnectionsPerServer = settings.MaxConnections);
            _sharedPublisher = CreatePublisher(_sharedClient, settings);
        }
    }

    /// <summary>Adds the function. The client it makes ends with the application.</summary>
    /// <param name="app">The application, or a group of its routes.</param>
    /// <param name="settings">Where it publishes, and how.</param>
    /// <param name="pattern">The paths it answers; every path by default.</param>
    public static void Map(IEndpointRouteBuilder app, PubSubFunctionSettings settings, string pattern = "/{**path}")
    {
        var endpoint = new PubSubFunctionEndpoint(settings);
        app.ServiceProvider.GetService<IHostApplicationLifetime>()?.ApplicationStopped.Register(() => endpoint._sharedClient?.Dispose());
        app.Map(pattern, endpoint.AnswerAsync);
    }

    /// <summary>A publisher as the settings want it, over a client of the caller's.</summary>
    public static PubSubPublisher CreatePublisher(HttpClient client, PubSubFunctionSettings settings)
    {
        var publisher = new PubSubPublisherSettings(settings.Project) { Time = settings.Time };
        return new PubSubPublisher(
            client,
            settings.Emulator is { } emulator
                ? publisher with { Endpoint = emulator }
                : publisher with
                {
                    Tokens = new MetadataTokenSource(
                        client, settings.MetadataHost, settings.Time, reason => settings.Log($"pubsub: {reason}")),
                });
    }

    private async Task AnswerAsync(HttpContext context)
    {
        (int status, string text) = await PublishAsync(context.Request, context.RequestAborted);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    private async Task<(int Status, string Text)> PublishAsync(HttpRequest request, CancellationToken callerLeft)
    {
        PublishRequest? body;
        try
        {
            // The server limits what it reads of a body, to 30 MB.
            body = await JsonSerializer.DeserializeAsync(request.Body, PubSubFunctionJson.Default.PublishRequest, callerLeft);
        }
        catch (Exception e) when (e is JsonException or BadHttpRequestException)
        {
            return (StatusCodes.Status400BadRequest, "Error parsing request");
        }

        if (body is not { Topic.Length: > 0, Message.Length: > 0 })
        {
            return (StatusCodes.Status400BadRequest, "missing 'topic' or 'message' parameter");
        }

        try
        {
            return (
                StatusCodes.Status200OK,
                $"Message published: {await PublishAsync(body.Topic, PubSubMessage.FromText(body.Message), callerLeft)}");
        }
        catch (PubSubException e)
        {
            _settings.Log($"pubsub: {e.StatusName}: {e.Message}");
            return (StatusCodes.Status500InternalServerError, "Error publishing message");
        }
        catch (OperationCanceledException) when (callerLeft.IsCancellationRequested)
        {
            // Nobody is there to read an answer; this one is for the server's own records.
            return (StatusCodes.Status499ClientClosedRequest, "");
        }
    }

    private async Task<string> PublishAsync(string topic, PubSubMessage message, CancellationToken cancellationToken)
    {
        if (_sharedPublisher is not null)
        {
            return await _sharedPublisher.PublishAsync(topic, message, cancellationToken);
        }

        // A common mistake: each request opens a connection, and without an emulator also gets a token.
        using var client = new HttpClient();
        return await CreatePublisher(client, _settings).PublishAsync(topic, message, cancellationToken);
    }
}

internal sealed record PublishRequest(string? Topic, string? Message);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PublishRequest))]
internal sealed partial class PubSubFunctionJson : JsonSerializerContext;
