using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Pooling;

/// <summary>Servers on real sockets, for what the pool does only with them.</summary>
internal static class LoopbackServers
{
    /// <summary>Answers every request with an empty 200 until the client closes.</summary>
    public static RawServer Answering(Func<NetworkStream, Task>? afterFirstAnswer = null) => new(async (stream, _, token) =>
    {
        for (bool first = true; await ReadHeadAsync(stream, token); first = false)
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), token);
            if (first && afterFirstAnswer is not null)
            {
                await afterFirstAnswer(stream);
            }
        }
    });

    private static async Task<bool> ReadHeadAsync(NetworkStream stream, CancellationToken token)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        try
        {
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await stream.ReadAsync(one, token) == 0)
                {
                    return false;
                }

                head.Append((char)one[0]);
            }
        }
        catch (IOException)
        {
            return false;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }

        return true;
    }
}
