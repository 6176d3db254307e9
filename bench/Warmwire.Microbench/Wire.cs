using System.Text;

namespace Warmwire.Microbench;

/// <summary>Responses as they come from servers.</summary>
internal static class Wire
{
    public static readonly byte[] SmallHead = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 04:25:26 GMT\r\n"
        + "Content-Type: text/plain\r\nContent-Length: 14\r\nConnection: keep-alive\r\n\r\n");

    public static readonly byte[] HeadOfThirty = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 04:25:26 GMT\r\n"
        + "Content-Type: text/plain\r\nContent-Length: 14\r\nConnection: keep-alive\r\n"
        + string.Concat(Enumerable.Range(0, 25).Select(static i => $"X-Bench-{i}: a value of an ordinary length\r\n")) + "\r\n");

    /// <summary>A body of so many chunks, with its end.</summary>
    public static byte[] Chunks(int chunks, int size)
    {
        var body = new List<byte>();
        for (int i = 0; i < chunks; i++)
        {
            body.AddRange(Encoding.ASCII.GetBytes($"{size:x}\r\n"));
            body.AddRange(new byte[size]);
            body.AddRange("\r\n"u8);
        }

        body.AddRange("0\r\n\r\n"u8);
        return [.. body];
    }
}
