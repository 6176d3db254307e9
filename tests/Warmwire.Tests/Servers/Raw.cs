using System.Text;

namespace Warmwire.Tests.Servers;

/// <summary>The lines of a raw server's script.</summary>
internal static class Raw
{
    public const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// <summary>Reads up to and with the empty line of a request without a body.</summary>
    /// <exception cref="EndOfStreamException">The client closed instead.</exception>
    public static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int count = 0;
        while (!buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8))
        {
            int read = await stream.ReadAsync(buffer.AsMemory(count), cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            count += read;
        }

        return Encoding.Latin1.GetString(buffer, 0, count);
    }

    public static async Task SendAsync(Stream stream, string text, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    /// <summary>Waits until the client closes, whatever it sends before.</summary>
    public static async Task UntilClosedAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, cancellationToken) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A reset is a close too.
        }
    }
}
