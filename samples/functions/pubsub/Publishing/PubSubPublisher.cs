using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Warmwire.Samples.PubSub;

/// <summary>
/// Publishes over the service's REST interface. Make it once and share it: it is safe under concurrency, and the client it is given stays
/// the caller's.
/// </summary>
internal sealed class PubSubPublisher
{
    private const int MaxAnswerSize = 1024 * 1024;
    private const int MaxQuotedBody = 200;

    private readonly HttpClient _client;
    private readonly PubSubPublisherSettings _settings;

    public PubSubPublisher(HttpClient client, PubSubPublisherSettings settings)
    {
        if (ResourceNames.WrongProject(settings.Project) is { } wrong)
        {
            throw new ArgumentException(wrong, nameof(settings));
        }

        _client = client;
        _settings = settings;
    }

    /// <returns>The id the service gave the message.</returns>
    /// <inheritdoc cref="PublishAsync(string, IReadOnlyList{PubSubMessage}, CancellationToken)"/>
    public async Task<string> PublishAsync(string topic, PubSubMessage message, CancellationToken cancellationToken = default) =>
        (await PublishAsync(topic, [message], cancellationToken))[0];

    /// <summary>Publishes all messages in one call: all of them or none.</summary>
    /// <returns>The ids the service gave them, in their order.</returns>
    /// <exception cref="PubSubException">It failed, for whatever reason.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled. The messages may have been published.</exception>
    public async Task<IReadOnlyList<string>> PublishAsync(
        string topic,
        IReadOnlyList<PubSubMessage> messages,
        CancellationToken cancellationToken = default)
    {
        RequireValid(topic, messages);
        if (messages.Count == 0)
        {
            return [];
        }

        var uri = new Uri(_settings.Endpoint, ResourceNames.PublishPath(_settings.Project, topic));
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new PublishBody([.. messages.Select(ToWire)]), PubSubJson.Default.PublishBody);

        using var deadline = new CancellationTokenSource(_settings.Timeout, _settings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await SendAsync(uri, body, messages.Count, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // Ours, or the timeout of the client we were given.
            string limit = deadline.IsCancellationRequested
                ? $"within {_settings.Timeout.TotalSeconds:0.###} s"
                : "within the client's timeout";
            throw new PubSubException(PubSubStatus.DeadlineExceeded, $"{uri} did not answer {limit}", inner: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new PubSubException(PubSubStatus.Unavailable, $"Could not reach {uri}: {e.Message}", inner: e);
        }
        catch (AccessTokenException e)
        {
            // The service did not refuse: the token source could not be reached, which is temporary.
            throw new PubSubException(PubSubStatus.Unavailable, e.Message, inner: e);
        }
    }

    private static WireMessage ToWire(PubSubMessage message) => new(
        message.Data.IsEmpty ? default(ReadOnlyMemory<byte>?) : message.Data, // a plain null would become an empty array
        message.Attributes is { Count: > 0 } ? message.Attributes : null,
        string.IsNullOrEmpty(message.OrderingKey) ? null : message.OrderingKey);

    private static void RequireValid(string topic, IReadOnlyList<PubSubMessage> messages)
    {
        string? wrong = ResourceNames.WrongTopic(topic);
        if (messages.Count > PubSubLimits.MessagesPerPublish)
        {
            wrong ??= $"{messages.Count:N0} messages in one publish, and the limit is {PubSubLimits.MessagesPerPublish:N0}";
        }

        long size = 0;
        for (int i = 0; wrong is null && i < messages.Count; i++)
        {
            wrong = PubSubLimits.Refuses(messages[i]);
            size += messages[i].Size;
        }

        if (size > PubSubLimits.BytesPerPublish)
        {
            wrong ??= $"the messages of one publish have {size:N0} bytes, and the limit is {PubSubLimits.BytesPerPublish:N0}";
        }

        if (wrong is not null)
        {
            throw new PubSubException(PubSubStatus.InvalidArgument, $"Nothing was published: {wrong}");
        }
    }

    private async Task<IReadOnlyList<string>> SendAsync(Uri uri, byte[] body, int messages, CancellationToken cancellationToken)
    {
        for (bool first = true; ; first = false)
        {
            string? token = _settings.Tokens is null ? null : await _settings.Tokens.GetAsync(cancellationToken);
            using HttpRequestMessage request = CreateRequest(uri, body, token);
            using HttpResponseMessage response = await _client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await response.Content.LoadIntoBufferAsync(MaxAnswerSize, cancellationToken);
            byte[] answer = await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
            if (response.StatusCode == HttpStatusCode.Unauthorized && token is not null)
            {
                // It may have been revoked before its time; a second refusal is final.
                _settings.Tokens!.Drop(token);
                if (first)
                {
                    continue;
                }
            }

            return response.StatusCode == HttpStatusCode.OK
                ? ReadIds(uri, answer, messages)
                : throw ReadError(uri, response.StatusCode, answer);
        }
    }

    private static HttpRequestMessage CreateRequest(Uri uri, byte[] body, string? token)
    {
        // Over TLS one HTTP/2 connection carries all publishes; without, OrLower is HTTP/1.1, which is what emulators speak.
        var request = new HttpRequestMessage(HttpMethod.Post, uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return request;
    }

    private static string[] ReadIds(Uri uri, byte[] answer, int messages)
    {
        JsonException? notJson = null;
        try
        {
            if (JsonSerializer.Deserialize(answer, PubSubJson.Default.PublishAnswer)?.MessageIds is { } ids && ids.Length == messages)
            {
                return ids;
            }
        }
        catch (JsonException e)
        {
            notJson = e;
        }

        // Not to be tried again: a 200 says that the messages are published.
        throw new PubSubException(
            PubSubStatus.Unknown,
            $"{uri} answered 200 without the ids of {messages} messages: {Quote(answer)}",
            HttpStatusCode.OK,
            notJson);
    }

    private static PubSubException ReadError(Uri uri, HttpStatusCode code, byte[] answer)
    {
        try
        {
            if (JsonSerializer.Deserialize(answer, PubSubJson.Default.ErrorAnswer)?.Error is { Message: { } message } error)
            {
                return new PubSubException(error.Status ?? PubSubStatus.Of(code), $"{uri} answered {(int)code}: {message}", code);
            }
        }
        catch (JsonException)
        {
            // Somebody between here and the service answered; what it said is quoted below.
        }

        return new PubSubException(PubSubStatus.Of(code), $"{uri} answered {(int)code}: {Quote(answer)}", code);
    }

    private static string Quote(byte[] answer) =>
        answer.Length == 0
            ? "(no body)"
            : System.Text.Encoding.UTF8.GetString(answer.AsSpan(0, Math.Min(answer.Length, MaxQuotedBody))).ReplaceLineEndings(" ");
}
