using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warmwire.Samples.PubSub;

/// <summary>The bodies of the service's REST interface and of the metadata server, with serializers made by the compiler.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PublishBody))]
[JsonSerializable(typeof(PublishAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(TokenAnswer))]
internal sealed partial class PubSubJson : JsonSerializerContext;

internal sealed record PublishBody(IReadOnlyList<WireMessage> Messages);

/// <param name="Data">Written as base64.</param>
internal sealed record WireMessage(ReadOnlyMemory<byte>? Data, IReadOnlyDictionary<string, string>? Attributes, string? OrderingKey);

internal sealed record PublishAnswer(string[]? MessageIds);

internal sealed record ErrorAnswer(ErrorBody? Error);

internal sealed record ErrorBody(int Code, string? Message, string? Status);

internal sealed record TokenAnswer(
    [property: JsonPropertyName("access_token")] string? AccessToken,
    [property: JsonPropertyName("expires_in")] double ExpiresIn);
