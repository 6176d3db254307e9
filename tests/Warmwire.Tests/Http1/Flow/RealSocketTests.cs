using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// What is different on real sockets: the watch of an idle connection reads nothing, resets are the system's, and TLS frames the bytes.
/// </summary>
public sealed class RealSocketTests
{
    [Fact]
    public async Task A_refused_request_leaves_the_idle_connection_its_watch()
    {
        var close = new TaskCompletionSource();
        await using var server = new RawServer(async (stream, _, stop) =>
        {
            await AnswerAsync(stream, Rig.Ok("one"), stop);
            await AnswerAsync(stream, Rig.Ok("two"), stop);
            await close.Task;
        });
        using PooledHttpHandler handler = Handler();
        using var client = new HttpClient(handler);
        Assert.Equal("one", await client.GetStringAsync(server.Uri));
        for (int i = 0; i < 3; i++)
        {
            using var refused = new HttpRequestMessage(HttpMethod.Get, server.Uri);
            refused.Headers.TryAddWithoutValidation("X-A", "b\r\nEvil: c");
            await RigReading.ThrowsAsync<TransportException>(() => client.SendAsync(refused));
        }

        Assert.Equal("two", await client.GetStringAsync(server.Uri));
        Assert.Equal(1, server.Accepted);
        close.SetResult();
        await ExpectClosedForAsync(handler, CloseReason.ServerClosed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_or_an_end_on_an_idle_connection_kill_it(bool bytes)
    {
        var go = new TaskCompletionSource();
        await using var server = new RawServer(async (stream, index, stop) =>
        {
            await AnswerAsync(stream, Rig.Ok("answer"), stop);
            if (index == 0)
            {
                await go.Task;
                if (bytes)
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(Rig.Ok("evil")), stop);
                    await Task.Delay(Timeout.Infinite, stop);
                }
            }
        });
        using PooledHttpHandler handler = Handler();
        using var client = new HttpClient(handler);
        Assert.Equal("answer", await client.GetStringAsync(server.Uri));
        go.SetResult();
        await ExpectClosedForAsync(handler, bytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed);
        Assert.Equal("answer", await client.GetStringAsync(server.Uri));
        Assert.Equal(2, server.Accepted);
    }

    [Fact]
    public async Task A_413_in_mid_upload_reaches_the_caller_and_the_upload_ends()
    {
        await using var server = new RawServer(static async (stream, _, stop) =>
        {
            await stream.ReadExactlyAsync(new byte[1000], stop);
            await stream.WriteAsync("HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nmuch"u8.ToArray(), stop);
            await Task.Delay(Timeout.Infinite, stop);
        });
        using PooledHttpHandler handler = Handler();
        using var client = new HttpClient(handler);
        using HttpResponseMessage response =
            await Guard.Within(client.PostAsync(server.Uri, new ByteArrayContent(new byte[64_000_000])), () => "the refusal");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("much", await response.Content.ReadAsStringAsync());
        await ExpectClosedForAsync(handler, CloseReason.RequestUnfinished);
    }

    [Fact]
    public async Task A_reset_in_mid_upload_is_an_error_of_ours()
    {
        await using var server = new RawServer(static async (stream, _, stop) =>
        {
            await stream.ReadExactlyAsync(new byte[1000], stop);
            RawServer.Reset(stream);
        });
        using PooledHttpHandler handler = Handler();
        using var client = new HttpClient(handler);
        TransportException error = await RigReading.ThrowsAsync<TransportException>(
            () => client.PostAsync(server.Uri, new ByteArrayContent(new byte[64_000_000])));
        Assert.Equal(RequestSent.Partly, error.RequestSent);
        Assert.Equal(0, Assert.Single(handler.GetSnapshot().Origins).Open);
    }

    private static PooledHttpHandler Handler() => new() { UseProxy = false };

    private static async Task AnswerAsync(NetworkStream stream, string answer, CancellationToken stop)
    {
        byte[] buffer = new byte[4096];
        int count = 0;
        while (!buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8))
        {
            int read = await stream.ReadAsync(buffer.AsMemory(count), stop);
            if (read == 0)
            {
                return;
            }

            count += read;
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), stop);
    }

    private static async Task ExpectClosedForAsync(PooledHttpHandler handler, CloseReason reason)
    {
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection closes");
        Assert.Equal(reason, Assert.Single(Assert.Single(handler.GetSnapshot().Origins).ClosedBy).Key);
    }
}
