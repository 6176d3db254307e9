using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Warmwire.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>
/// What a server sends unasked, on real sockets of both back ends, with and without TLS: the connection closes for the right reason, and
/// the next request gets its own answer.
/// </summary>
public sealed class UnaskedInputTests
{
    private const string Evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    private const string Clean = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean";

    public enum Unasked
    {
        Bytes,
        End,
        Reset,

        /// <summary>TLS says that it sends no more, and TCP says nothing.</summary>
        CloseNotify,

        /// <summary>The same, and TCP says it too.</summary>
        CloseNotifyAndEnd,
    }

    public enum Moment
    {
        InOneSegment,
        RightBehind,
        WhileIdle,
    }

    public static TheoryData<bool, bool, Unasked, Moment> Cases()
    {
        var cases = new TheoryData<bool, bool, Unasked, Moment>();
        foreach (bool managed in new[] { false, true })
        {
            foreach (Moment moment in Enum.GetValues<Moment>())
            {
                foreach (bool tls in new[] { false, true })
                {
                    cases.Add(managed, tls, Unasked.Bytes, moment);
                    cases.Add(managed, tls, Unasked.End, moment);
                }

                cases.Add(managed, true, Unasked.CloseNotifyAndEnd, moment);
            }

            cases.Add(managed, false, Unasked.Reset, Moment.WhileIdle);
            cases.Add(managed, true, Unasked.Reset, Moment.WhileIdle);
            cases.Add(managed, true, Unasked.CloseNotify, Moment.WhileIdle);
        }

        return cases;
    }

    public static MatrixTheoryData<bool, bool, int> PiecesOfABody => new([false, true], [false, true], [0, 100, 1024, 4900, 8192]);

    public static MatrixTheoryData<bool, bool, bool> EndsOfABody => new([false, true], [false, true], [false, true]);

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task It_ends_the_connection_and_is_no_answer(bool managed, bool tls, Unasked unasked, Moment moment)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RawServer(async (network, index, token) =>
        {
            await using Stream stream = await OpenAsync(network, tls, token);
            await Raw.ReadHeadAsync(stream, token);
            if (index > 0)
            {
                await Raw.SendAsync(stream, Clean, token);
                await Raw.UntilClosedAsync(stream, token);
                return;
            }

            Cork(network.Socket, moment == Moment.InOneSegment);
            await Raw.SendAsync(stream, Raw.Ok, token);
            if (moment == Moment.WhileIdle)
            {
                await answered.Task;
            }

            await SendAsync(unasked, network, stream, token);
            Cork(network.Socket, false);
            sent.SetResult();
            if (unasked != Unasked.Reset)
            {
                await Raw.UntilClosedAsync(network, token);
            }
        });
        using PooledHttpHandler handler = Handler(managed);
        using var client = new HttpClient(handler);
        Uri uri = UriOf(server, tls);

        Assert.Equal("ok", await client.GetStringAsync(uri));

        // On another thread than the loop's, which is free to tell of what came.
        await Task.Yield();
        answered.SetResult();
        await Guard.Within(sent.Task, () => "the server sends");
        if (moment != Moment.InOneSegment)
        {
            LongerThanHeardOfJustNow();
        }

        Assert.Equal("clean", await Guard.Within(client.GetStringAsync(uri), () => "the next answer"));
        Assert.Equal(2, server.Accepted);
        await Eventually.IsTrue(() => handler.GetSnapshot() is { Open: 1, Idle: 1 }, "the first is closed, the second is idle");
        Assert.Equal(
            [unasked == Unasked.Bytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed],
            handler.GetSnapshot().Origins[0].ClosedBy.Keys);
    }

    /// <summary>A read of just what is left of the body leaves the bytes behind it where they are: in the socket, or in TLS.</summary>
    [Theory]
    [MemberData(nameof(PiecesOfABody))]
    public async Task In_one_piece_with_the_end_of_a_body(bool managed, bool tls, int bufferSize)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RawServer(async (network, index, token) =>
        {
            await using Stream stream = await OpenAsync(network, tls, token);
            await Raw.ReadHeadAsync(stream, token);
            if (index > 0)
            {
                await Raw.SendAsync(stream, Clean, token);
                await Raw.UntilClosedAsync(stream, token);
                return;
            }

            await Raw.SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + new string('x', 100), token);
            await begun.Task;
            await Raw.SendAsync(stream, new string('y', 4900) + Evil, token);
            await Raw.UntilClosedAsync(stream, token);
        });
        using PooledHttpHandler handler = Handler(managed);
        using var client = new HttpClient(handler);
        Uri uri = UriOf(server, tls);
        using HttpResponseMessage response = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
        using Stream body = await response.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[100]);
        begun.SetResult();
        var text = new StringBuilder();
        if (bufferSize == 0)
        {
            using var copy = new MemoryStream();
            await body.CopyToAsync(copy);
            text.Append(Encoding.Latin1.GetString(copy.ToArray()));
        }
        else
        {
            byte[] buffer = new byte[bufferSize];
            int read;
            while ((read = await body.ReadAsync(buffer)) > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }

        Assert.Equal(new string('y', 4900), text.ToString());
        Assert.Equal("clean", await Guard.Within(client.GetStringAsync(uri), () => "the next answer"));
        await Eventually.IsTrue(() => handler.GetSnapshot() is { Open: 1, Idle: 1 }, "the first is closed, the second is idle");
        Assert.Equal([CloseReason.UnsolicitedData], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_tickets_leave_an_idle_connection_alone(bool managed)
    {
        using var handshakes = new SemaphoreSlim(0);
        await using var server = new RawServer(async (network, _, token) =>
        {
            // .NET sends the tickets of TLS 1.3 with its first write, or with the end of the handshake.
            await using Stream stream = await OpenAsync(network, tls: true, token);
            handshakes.Release();
            try
            {
                while (true)
                {
                    await Raw.ReadHeadAsync(stream, token);
                    await Raw.SendAsync(stream, Raw.Ok, token);
                }
            }
            catch (IOException)
            {
                // The client has closed.
            }
        });
        using PooledHttpHandler handler = Handler(managed);
        using var client = new HttpClient(handler);
        Uri uri = UriOf(server, tls: true);

        // It is idle before it has read anything, so the tickets find it idle.
        Assert.Equal(2, await handler.PrewarmAsync(uri, 2, CancellationToken.None));
        Assert.True(await handshakes.WaitAsync(Guard.Limit) && await handshakes.WaitAsync(Guard.Limit));
        LongerThanHeardOfJustNow();
        Assert.Equal((2, 2), (handler.GetSnapshot().Open, handler.GetSnapshot().Idle));
        for (int i = 0; i < 4; i++)
        {
            Task<string> one = client.GetStringAsync(uri), two = client.GetStringAsync(uri);
            Assert.Equal("ok", await Guard.Within(one, () => "an answer"));
            Assert.Equal("ok", await Guard.Within(two, () => "an answer"));
            LongerThanHeardOfJustNow();
        }

        Assert.Equal(2, server.Accepted);
        Assert.Empty(handler.GetSnapshot().Origins[0].ClosedBy);
    }

    [Theory]
    [MemberData(nameof(EndsOfABody))]
    public async Task The_end_that_comes_while_nobody_reads_the_body_is_seen_by_the_next_read(bool managed, bool tls, bool whole)
    {
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RawServer(async (network, index, token) =>
        {
            await using Stream stream = await OpenAsync(network, tls, token);
            await Raw.ReadHeadAsync(stream, token);
            if (index > 0)
            {
                await Raw.SendAsync(stream, Clean, token);
                await Raw.UntilClosedAsync(stream, token);
                return;
            }

            await Raw.SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", token);
            await Raw.SendAsync(stream, new string('x', whole ? 20_000 : 19_999), token);
            await SendAsync(Unasked.End, network, stream, token);
            sent.SetResult();
            await Raw.UntilClosedAsync(network, token);
        });
        using PooledHttpHandler handler = Handler(managed);
        using var client = new HttpClient(handler);
        using HttpResponseMessage response = await client.GetAsync(UriOf(server, tls), HttpCompletionOption.ResponseHeadersRead);
        await Guard.Within(sent.Task, () => "the server sends");

        // Real time: the loop takes note of the end and does nothing, which cannot be waited for.
        await Task.Delay(20);
        Assert.Equal(1, handler.GetSnapshot().Open);
        if (whole)
        {
            Assert.Equal(20_000, (await Guard.Within(response.Content.ReadAsStringAsync(), () => "the body")).Length);
        }
        else
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => Guard.Within(response.Content.ReadAsStringAsync(), () => "the body"));
        }

        Assert.Equal("clean", await Guard.Within(client.GetStringAsync(UriOf(server, tls)), () => "the next answer"));
        await Eventually.IsTrue(() => handler.GetSnapshot() is { Open: 1, Idle: 1 }, "the first is closed, the second is idle");
        Assert.Equal([CloseReason.ServerClosed], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
    }

    /// <summary>Spins until a connection that became idle before this call has its socket asked for input when it is leased.</summary>
    private static void LongerThanHeardOfJustNow()
    {
        long start = Stopwatch.GetTimestamp();
        SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(start) > 2 * Http1Limits.HeardOfJustNow);
    }

    private static async Task SendAsync(Unasked unasked, NetworkStream network, Stream stream, CancellationToken token)
    {
        switch (unasked)
        {
            case Unasked.Bytes:
                await Raw.SendAsync(stream, Evil, token);
                break;
            case Unasked.Reset:
                RawServer.Reset(network);
                break;
            default:
                if (unasked != Unasked.End)
                {
                    await ((SslStream)stream).ShutdownAsync();
                }

                if (unasked != Unasked.CloseNotify)
                {
                    network.Socket.Shutdown(SocketShutdown.Send);
                }

                break;
        }
    }

    private static async Task<Stream> OpenAsync(NetworkStream network, bool tls, CancellationToken token)
    {
        if (!tls)
        {
            return network;
        }

        var secure = new SslStream(network);
        await secure.AuthenticateAsServerAsync(TestCertificates.Presenting(), token);
        return secure;
    }

    /// <summary>Holds back what is sent, so that all of it leaves in one segment; only Linux has this.</summary>
    private static void Cork(Socket socket, bool on)
    {
        if (OperatingSystem.IsLinux() && socket.Connected)
        {
            const int Tcp = 6, TcpCork = 3;
            socket.SetRawSocketOption(Tcp, TcpCork, BitConverter.GetBytes(on ? 1 : 0));
        }
    }

    private static PooledHttpHandler Handler(bool managed) => new()
    {
        UseProxy = false,
        UseCookies = false,
        SslOptions = TestCertificates.Trusting(),
        ConnectCallback = managed ? ConnectAsync : null,
    };

    /// <summary>A stream of System.Net.Sockets, which is used as one of that back end.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private static Uri UriOf(RawServer server, bool tls) => tls ? new Uri($"https://127.0.0.1:{server.Port}/") : server.Uri;
}
