using System.Text;

namespace Warmwire.Samples.PubSub;

/// <summary>
/// The service's limits for one publish. They are looked at here too, because the service's own answer to 10 MB of upload comes late.
/// </summary>
internal static class PubSubLimits
{
    public const int MessagesPerPublish = 1_000;

    public const int BytesPerPublish = 10_000_000;

    public const int AttributesPerMessage = 100;

    public const int AttributeKeyBytes = 256;

    public const int AttributeValueBytes = 1_024;

    public const int OrderingKeyBytes = 1_024;

    /// <returns>Why the service would refuse the message, or <see langword="null"/>.</returns>
    public static string? Refuses(PubSubMessage message)
    {
        if (message.Data.IsEmpty && message.Attributes is not { Count: > 0 })
        {
            return "a message needs data or an attribute, and this one has neither";
        }

        if (message.OrderingKey is { } orderingKey && Encoding.UTF8.GetByteCount(orderingKey) > OrderingKeyBytes)
        {
            return $"the ordering key has {Encoding.UTF8.GetByteCount(orderingKey):N0} bytes, and the limit is {OrderingKeyBytes:N0}";
        }

        if (message.Attributes?.Count > AttributesPerMessage)
        {
            return $"the message has {message.Attributes.Count:N0} attributes, and the limit is {AttributesPerMessage}";
        }

        foreach ((string key, string value) in message.Attributes ?? Enumerable.Empty<KeyValuePair<string, string>>())
        {
            if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > AttributeKeyBytes)
            {
                return $"the name of an attribute must have 1 to {AttributeKeyBytes} bytes, and one has "
                    + $"{Encoding.UTF8.GetByteCount(key):N0}";
            }

            if (Encoding.UTF8.GetByteCount(value) > AttributeValueBytes)
            {
                return $"the attribute '{key}' has {Encoding.UTF8.GetByteCount(value):N0} bytes, and the limit is {AttributeValueBytes:N0}";
            }
        }

        long size = message.Size;
        return size > BytesPerPublish ? $"the message has {size:N0} bytes, and the limit is {BytesPerPublish:N0}" : null;
    }
}
