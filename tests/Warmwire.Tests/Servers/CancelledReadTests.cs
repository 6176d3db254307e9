using System.Net.Security;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>
/// Cancelled reads of a body, on real sockets: the caller's memory is its own again, and the connection is drained and used again, or
/// closed.
/// </summary>
public sealed class CancelledReadTests
{
    private const byte Pattern = 0xCC;
    private const int Length = 10_000;
    private const string Head = "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n";
    private const string Next = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";

    [Theory]
    [InlineData(false, 100)]
    [InlineData(false, 20_000)]
    [InlineData(true, 100)]
    [InlineData(true, 20_000)]
    public async Task Nothing_is_written_to_the_callers_memory_any_more_and_the_connection_is_used_again(bool tls, int bufferSize)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = Server(tls, cancelled.Task);
        using PooledHttpHandler handler = Handler(TimeSpan.FromSeconds(8));
        using var client = new HttpClient(handler);
        (HttpResponseMessage response, Stream body) = await BeginAsync(client, server, tls);
        byte[] buffer = Patterned(bufferSize);
        using var cancel = new CancellationTokenSource();
        Task<int> read = body.ReadAsync(buffer, cancel.Token).AsTask();
        Assert.False(read.IsCompleted);
        await cancel.CancelAsync();
        TaskCanceledException error = await Assert.ThrowsAsync<TaskCanceledException>(() => Guard.Within(read, () => "the cancellation"));
        Assert.Equal(cancel.Token, error.CancellationToken);
        cancelled.SetResult();
        await Eventually.IsTrue(() => handler.GetSnapshot().Idle == 1, "the connection is drained and idle");
        AssertUntouched(buffer);
        Assert.Equal("next", await Guard.Within(client.GetStringAsync(UriOf(server, tls)), () => "the next answer"));
        Assert.Equal(1, server.Accepted);
        AssertUntouched(buffer);
        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadExactlyAsync(buffer).AsTask());
        response.Dispose();
        Assert.Equal(1, handler.GetSnapshot().Idle);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Beyond_the_limits_the_connection_closes(bool tls)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = Server(tls, cancelled.Task, ended);
        using PooledHttpHandler handler = Handler(TimeSpan.FromSeconds(8));
        handler.MaxCancellationDrainSize = 1000;
        using var client = new HttpClient(handler);
        (HttpResponseMessage response, Stream body) = await BeginAsync(client, server, tls);
        byte[] buffer = Patterned(20_000);
        using var cancel = new CancellationTokenSource();
        Task<int> read = body.ReadAsync(buffer, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => Guard.Within(read, () => "the cancellation"));
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection closes");
        Assert.Equal([CloseReason.Cancelled], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
        cancelled.SetResult();
        await Guard.Within(ended.Task, () => "the server has sent what it could");
        AssertUntouched(buffer);
        response.Dispose();
    }

    [Theory]
    [InlineData(false, 100)]
    [InlineData(false, 20_000)]
    [InlineData(true, 20_000)]
    public async Task A_cancellation_that_races_with_the_bytes(bool tls, int bufferSize)
    {
        var go = new SemaphoreSlim(0);
        await using var server = new RawServer(async (network, _, token) =>
        {
            Stream stream = await OpenAsync(network, tls, token);
            for (var random = new Random(7); ;)
            {
                string head;
                try
                {
                    head = await Raw.ReadHeadAsync(stream, token);
                }
                catch (Exception e) when (e is EndOfStreamException or IOException)
                {
                    return;
                }

                if (head.StartsWith("GET /next", StringComparison.Ordinal))
                {
                    await Raw.SendAsync(stream, Next, token);
                    continue;
                }

                await Raw.SendAsync(stream, Head, token);
                await go.WaitAsync(token);
                Thread.SpinWait(random.Next(400));
                int first = random.Next(1, 5000);
                await Raw.SendAsync(stream, Body[..first], token);
                await Raw.SendAsync(stream, Body[first..], token);
            }
        });
        using PooledHttpHandler handler = Handler(TimeSpan.FromSeconds(8));
        using var client = new HttpClient(handler);
        Uri uri = UriOf(server, tls), next = new(uri, "next");
        var random = new Random(9);
        int cancelledReads = 0, wholeReads = 0;
        for (int i = 0; i < 300; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
            using Stream body = await response.Content.ReadAsStreamAsync();
            byte[] buffer = Patterned(bufferSize);
            using var cancel = new CancellationTokenSource();
            ValueTask<int> read = body.ReadAsync(buffer, cancel.Token);
            go.Release();
            Thread.SpinWait(random.Next(800));
            if (random.Next(2) == 0)
            {
                await Task.Yield();
            }

            cancel.Cancel();
            int position = 0;
            try
            {
                position = await read;
                wholeReads++;
                Assert.Equal(Body[..position], Encoding.Latin1.GetString(buffer, 0, position));
            }
            catch (OperationCanceledException)
            {
                cancelledReads++;
            }

            AssertUntouched(buffer.AsSpan(position));
            if (position > 0)
            {
                // A cancellation that came too late costs nothing.
                using var rest = new MemoryStream();
                await body.CopyToAsync(rest);
                Assert.Equal(Body[position..], Encoding.Latin1.GetString(rest.ToArray()));
            }

            await Eventually.IsTrue(() => handler.GetSnapshot().Idle == 1, "the connection is idle");
            AssertUntouched(buffer.AsSpan(position));
            Assert.Equal("next", await Guard.Within(client.GetStringAsync(next), () => "the next answer"));
            AssertUntouched(buffer.AsSpan(position));
        }

        Assert.Empty(handler.GetSnapshot().Origins[0].ClosedBy);
        OriginSnapshot origin = handler.GetSnapshot().Origins[0];
        Assert.True(
            server.Accepted == 1,
            $"{origin} {string.Join("; ", origin.Connections)} dialed for {string.Join(", ", origin.DialedBy)}");
        Assert.Equal(300, cancelledReads + wholeReads);
    }

    private static string Body { get; } = new([.. Enumerable.Range(0, Length).Select(static i => (char)('a' + (i % 23)))]);

    /// <summary>Answers a first request with a head and ten bytes, and with the rest on a signal; then any further one.</summary>
    private static RawServer Server(bool tls, Task signal, TaskCompletionSource? ended = null) => new(async (network, _, token) =>
    {
        Stream stream = await OpenAsync(network, tls, token);
        await Raw.ReadHeadAsync(stream, token);
        await Raw.SendAsync(stream, Head + Body[..10], token);
        await signal;
        try
        {
            await Raw.SendAsync(stream, Body[10..], token);
            await Raw.ReadHeadAsync(stream, token);
            await Raw.SendAsync(stream, Next, token);
            await Raw.UntilClosedAsync(stream, token);
        }
        catch (Exception e) when (e is IOException)
        {
            // The client has closed.
        }

        ended?.TrySetResult();
    });

    private static async Task<(HttpResponseMessage Response, Stream Body)> BeginAsync(HttpClient client, RawServer server, bool tls)
    {
        HttpResponseMessage response = await client.GetAsync(UriOf(server, tls), HttpCompletionOption.ResponseHeadersRead);
        Stream body = await response.Content.ReadAsStreamAsync();
        byte[] first = new byte[10];
        await body.ReadExactlyAsync(first);
        Assert.Equal(Body[..10], Encoding.Latin1.GetString(first));
        return (response, body);
    }

    private static byte[] Patterned(int size)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(size);
        Array.Fill(buffer, Pattern);
        return buffer;
    }

    private static void AssertUntouched(ReadOnlySpan<byte> buffer) => Assert.Equal(-1, buffer.IndexOfAnyExcept(Pattern));

    private static async Task<Stream> OpenAsync(System.Net.Sockets.NetworkStream network, bool tls, CancellationToken token)
    {
        if (!tls)
        {
            return network;
        }

        var secure = new SslStream(network);
        await secure.AuthenticateAsServerAsync(TestCertificates.Presenting(), token);
        return secure;
    }

    private static PooledHttpHandler Handler(TimeSpan drain) =>
        new() { UseProxy = false, UseCookies = false, SslOptions = TestCertificates.Trusting(), CancellationDrainTimeout = drain };

    private static Uri UriOf(RawServer server, bool tls) => tls ? new Uri($"https://127.0.0.1:{server.Port}/") : server.Uri;
}
