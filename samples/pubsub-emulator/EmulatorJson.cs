using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warmwire.Samples.PubSubEmulator;

/// <summary>The bodies of the REST interface, as far as the emulator knows it. What a body has beyond that is ignored.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Nothing))]
[JsonSerializable(typeof(TopicBody))]
[JsonSerializable(typeof(TopicList))]
[JsonSerializable(typeof(SubscriptionBody))]
[JsonSerializable(typeof(PublishBody))]
[JsonSerializable(typeof(PublishAnswer))]
[JsonSerializable(typeof(PullBody))]
[JsonSerializable(typeof(PullAnswer))]
[JsonSerializable(typeof(AcknowledgeBody))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class EmulatorJson : JsonSerializerContext;

internal sealed record Nothing;

internal sealed record TopicBody(string Name);

internal sealed record TopicList(IReadOnlyList<TopicBody>? Topics, string? NextPageToken);

internal sealed record SubscriptionBody(string? Name, string? Topic, int? AckDeadlineSeconds);

internal sealed record PublishBody(List<MessageBody?>? Messages);

internal sealed record PublishAnswer(IReadOnlyList<string> MessageIds);

/// <param name="Data">Base64 in the body.</param>
internal sealed record MessageBody(byte[]? Data, Dictionary<string, string>? Attributes, string? OrderingKey)
{
    public string? MessageId { get; init; }

    public DateTime? PublishTime { get; init; }
}

internal sealed record PullBody(int MaxMessages);

internal sealed record PullAnswer(IReadOnlyList<ReceivedMessage>? ReceivedMessages);

internal sealed record ReceivedMessage(string AckId, MessageBody Message, int DeliveryAttempt);

internal sealed record AcknowledgeBody(List<string>? AckIds);

internal sealed record ErrorAnswer(ErrorBody Error);

internal sealed record ErrorBody(int Code, string Message, string Status);
