using System.Net;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

public sealed class EarlyDisposeTests
{
    // Over sockets the notice of bytes that the drain has read already may reach the watch of the next idle period; it must not be taken
    // for the end.
    [Fact]
    public async Task A_connection_drained_after_an_early_disposal_is_used_again_and_again()
    {
        byte[] answer = [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {900 * 1024}\r\n\r\n"), .. new byte[900 * 1024]];
        await using var server = new RawServer(async (stream, _, token) =>
        {
            byte[] request = new byte[4096];
            while (await stream.ReadAsync(request, token) > 0)
            {
                await stream.WriteAsync(answer, token);
            }
        });
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler);

        for (int i = 0; i < 40; i++)
        {
            using (HttpResponseMessage response = await client.GetAsync(server.Uri, HttpCompletionOption.ResponseHeadersRead))
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }

            await Eventually.IsTrue(() => handler.GetSnapshot().Idle == 1, "the connection is drained and idle");
        }

        Assert.Equal(1, server.Accepted);
        Assert.Equal(39, handler.GetSnapshot().Reused);
    }
}
