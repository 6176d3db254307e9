using Warmwire.Connections;

namespace Warmwire.Bodies;

/// <summary>Asks the content of a request for its bytes, in the way that the caller sends.</summary>
internal static class ContentCopy
{
    /// <summary>Starts to copy the content into <paramref name="body"/>.</summary>
    /// <remarks>
    /// Story: a program with a user interface sends synchronously, on a connection that is idle. Its content, asked here, would come back
    /// to the context of the thread that waits, for ever. So a content that may be the program's own is asked on another thread, which has
    /// no context, and the answer of the server is read meanwhile.
    /// </remarks>
    public static Task Start(Attempt attempt, HttpContent content, RequestBodyStream body)
    {
        CancellationToken token = attempt.CancellationToken;
        return attempt.Settings.IsSynchronous && !IsMemory(content)
            ? Task.Run(() => CopySynchronouslyAsync(content, body, token), CancellationToken.None)
            : content.CopyToAsync(body, context: null, token);
    }

    /// <summary>Whether both writers of the content give bytes it has, and wait for nothing.</summary>
    private static bool IsMemory(HttpContent content) =>
        content.GetType() == typeof(ByteArrayContent)
        || content.GetType() == typeof(StringContent)
        || content.GetType() == typeof(FormUrlEncodedContent)
        || content.GetType() == typeof(ReadOnlyMemoryContent);

    private static Task CopySynchronouslyAsync(HttpContent content, RequestBodyStream body, CancellationToken token)
    {
        try
        {
            content.CopyTo(body, context: null, token);
            return Task.CompletedTask;
        }
        catch (NotSupportedException) when (!body.HasWritten)
        {
            // It has only the asynchronous writer.
            return content.CopyToAsync(body, context: null, token);
        }
    }
}
