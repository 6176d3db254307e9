using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Parity;

/// <summary>Steps of a scripted HTTP/1.1 server over a raw socket.</summary>
internal static class RawPeer
{
    /// <summary>A server that answers each request with this.</summary>
    public static RawServer Answering(string response) => new((stream, _, token) => AnswerAllAsync(stream, response, token));

    /// <summary>Reads to the end of a request's head; null where the client closes instead.</summary>
    public static async Task<string?> ReadHeadAsync(Stream stream, CancellationToken token)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!EndsWith(head, "\r\n\r\n"))
        {
            try
            {
                if (await stream.ReadAsync(one, token).ConfigureAwait(false) == 0)
                {
                    return null;
                }
            }
            catch (IOException)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>Reads a head and answers, until the client closes.</summary>
    public static async Task AnswerAllAsync(NetworkStream stream, string response, CancellationToken token)
    {
        while (await ReadHeadAsync(stream, token).ConfigureAwait(false) is not null)
        {
            await WriteAsync(stream, response, token).ConfigureAwait(false);
        }
    }

    public static Task WriteAsync(Stream stream, string text, CancellationToken token) =>
        stream.WriteAsync(Encoding.Latin1.GetBytes(text), token).AsTask();

    /// <summary>Reads what comes until the client ends, or until so many bytes came; a reset counts as the end.</summary>
    public static async Task<long> CountAsync(Stream stream, long upTo, CancellationToken token)
    {
        byte[] buffer = new byte[16 * 1024];
        long count = 0;
        try
        {
            while (count < upTo)
            {
                int read = await stream.ReadAsync(buffer, token).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                count += read;
            }
        }
        catch (IOException)
        {
            // the client gave up
        }

        return count;
    }

    private static bool EndsWith(StringBuilder text, string end) =>
        text.Length >= end.Length && text.ToString(text.Length - end.Length, end.Length) == end;
}
