using System.Net.Http.Json;
using Warmwire.Runtime;

namespace Warmwire.Exchange;

/// <summary>Whether a content can be written a second time, which a redirect that keeps the body and a replay need.</summary>
internal static class ContentReplay
{
    /// <summary>
    /// Answers <see langword="true"/> only for what is known to come out the same again. A wrong <see langword="true"/> would send an empty
    /// or a cut body under the user's name; a wrong <see langword="false"/> hands a redirect or a failure to the caller.
    /// </summary>
    /// <remarks>
    /// What cannot be known is <see langword="false"/>: contents of unknown types, types derived from <see cref="StreamContent"/> (they may
    /// write something else than the stream), and a content that was buffered with <see cref="HttpContent.LoadIntoBufferAsync()"/>, which
    /// nothing public tells.
    /// </remarks>
    public static bool CanProduceAgain(HttpContent? content) => content switch
    {
        null => true,
        ByteArrayContent => true,
        ReadOnlyMemoryContent => true,
        JsonContent json => CanProduceAgain(json),
        MultipartContent parts => CanProduceAgain(parts),

        // It starts over at the position its stream had in the beginning, if the stream can seek; a closed stream cannot.
        StreamContent stream when stream.GetType() == typeof(StreamContent) => FrameworkFields.StreamOf(stream) is { CanSeek: true },
        _ => false,
    };

    // An asynchronous sequence is often a cursor that runs once. One of value types is not recognised: that would take reflection.
    private static bool CanProduceAgain(JsonContent json) => json.Value is not IAsyncEnumerable<object?>;

    private static bool CanProduceAgain(MultipartContent parts)
    {
        foreach (HttpContent part in parts)
        {
            if (!CanProduceAgain(part))
            {
                return false;
            }
        }

        return true;
    }
}
