using System.Text;

namespace Warmwire.Samples.PubSub;

/// <summary>What is published: bytes, attributes, or both.</summary>
/// <param name="Data">The bytes; may be empty if there is an attribute.</param>
internal sealed record PubSubMessage(ReadOnlyMemory<byte> Data)
{
    // What a field costs in the service's binary form besides its content: a tag and a length.
    private const int FieldOverhead = 6;

    public IReadOnlyDictionary<string, string>? Attributes { get; init; }

    /// <summary>Messages of one key are delivered in the order they were published; <see langword="null"/> is no order.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>What the message counts against the limits of a publish, rounded up.</summary>
    public long Size
    {
        get
        {
            long size = FieldOverhead + Data.Length;
            if (OrderingKey is not null)
            {
                size += FieldOverhead + Encoding.UTF8.GetByteCount(OrderingKey);
            }

            foreach ((string key, string value) in Attributes ?? Enumerable.Empty<KeyValuePair<string, string>>())
            {
                size += (3 * FieldOverhead) + Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);
            }

            return size;
        }
    }

    public static PubSubMessage FromText(string text) => new(Encoding.UTF8.GetBytes(text));
}
