using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>
/// Servers on real sockets that misbehave once: the reason is told, and the request after it is clean. Each over http and https.
/// </summary>
public sealed class RudeServerTests
{
    private const string Half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";

    public static TheoryData<string, bool> Places()
    {
        var data = new TheoryData<string, bool>();
        foreach (string place in new[] { "accept", "request", "head", "body", "chunk" })
        {
            data.Add(place, false);
            data.Add(place, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_close_in_an_exchange_fails_it_as_ServerClosed(string place, bool tls)
    {
        await using RawServer server = Rude(tls, async (stream, _, token) => await ReachAsync(stream, place, token));
        PoolSnapshot pool = await FailThenSucceedAsync(server, tls);

        // A client that still writes when the close arrives, may find that out first; over TLS the handshake is part of the dial.
        Assert.All(pool.Origins[0].ClosedBy.Keys, static reason =>
            Assert.True(reason is CloseReason.ServerClosed or CloseReason.ReadError or CloseReason.WriteError, $"{reason}"));
        if (place != "accept")
        {
            Assert.Equal([CloseReason.ServerClosed], pool.Origins[0].ClosedBy.Keys);
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_reset_in_an_exchange_fails_it_as_ReadError(string place, bool tls)
    {
        await using RawServer server = Rude(tls, async (stream, network, token) =>
        {
            await ReachAsync(stream, place, token);

            // Real time: what was sent shall be read before the reset throws it away, and nothing tells the server that it was.
            await Task.Delay(place is "accept" or "request" ? 0 : 30, token);
            RawServer.Reset(network);
        });
        PoolSnapshot pool = await FailThenSucceedAsync(server, tls);
        Assert.All(pool.Origins[0].ClosedBy.Keys, static reason =>
            Assert.True(reason is CloseReason.ReadError or CloseReason.WriteError or CloseReason.ServerClosed, $"{reason}"));
        if (place is "head" or "body" or "chunk")
        {
            Assert.Equal([CloseReason.ReadError], pool.Origins[0].ClosedBy.Keys);
        }
    }

    [Theory]
    [InlineData("close", false, CloseReason.ServerClosed)]
    [InlineData("close", true, CloseReason.ServerClosed)]
    [InlineData("half-close", false, CloseReason.ServerClosed)]
    [InlineData("half-close", true, CloseReason.ServerClosed)]
    [InlineData("reset", false, CloseReason.ServerClosed)]
    [InlineData("reset", true, CloseReason.ServerClosed)]
    [InlineData("stray", false, CloseReason.UnsolicitedData)]
    [InlineData("stray", true, CloseReason.UnsolicitedData)]
    [InlineData("408", false, CloseReason.UnsolicitedData)]
    [InlineData("408", true, CloseReason.UnsolicitedData)]
    public async Task What_comes_while_a_connection_is_idle_ends_it_before_it_is_used_again(string what, bool tls, CloseReason reason)
    {
        var idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = Rude(tls, async (stream, network, token) =>
        {
            await Raw.ReadHeadAsync(stream, token);
            await Raw.SendAsync(stream, Raw.Ok, token);
            await idle.Task.WaitAsync(token);
            switch (what)
            {
                case "half-close":
                    if (stream is SslStream secure)
                    {
                        await secure.ShutdownAsync();
                    }

                    network.Socket.Shutdown(SocketShutdown.Send);
                    await Raw.UntilClosedAsync(network, token);
                    break;
                case "reset":
                    RawServer.Reset(network);
                    break;
                case "stray":
                    await Raw.SendAsync(stream, "stray", token);
                    await Raw.UntilClosedAsync(network, token);
                    break;
                case "408":
                    await Raw.SendAsync(
                        stream, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 5\r\nConnection: close\r\n\r\nslow!", token);
                    await Raw.UntilClosedAsync(network, token);
                    break;
                default:
                    break;
            }
        });
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
        Assert.Equal(1, handler.GetSnapshot().Idle);
        idle.SetResult();
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection was closed");
        Assert.Equal([reason], handler.GetSnapshot().Origins[0].ClosedBy.Keys);

        Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
        Assert.Equal(2, server.Accepted);
        Assert.Equal(0, handler.GetSnapshot().Replays);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong", true)]
    public async Task Bytes_right_behind_an_answer_are_never_the_next_answer(string more, bool tls)
    {
        await using RawServer server = Rude(tls, async (stream, network, token) =>
        {
            await Raw.ReadHeadAsync(stream, token);
            await Raw.SendAsync(stream, Raw.Ok + more + "x", token);
            await Raw.UntilClosedAsync(network, token);
        });
        PoolSnapshot pool = await TwiceOkAsync(server, tls);
        Assert.Equal([CloseReason.UnsolicitedData], pool.Origins[0].ClosedBy.Keys);
    }

    [Theory]
    [InlineData("Connection: close", CloseReason.ConnectionCloseHeader, false)]
    [InlineData("Connection: close", CloseReason.ConnectionCloseHeader, true)]
    [InlineData("Keep-Alive: timeout=1", CloseReason.IdleTimeout, false)]
    [InlineData("Keep-Alive: max=0", CloseReason.ConnectionCloseHeader, false)]
    public async Task A_server_that_does_not_keep_a_connection_gets_a_new_one_each_time(string header, CloseReason reason, bool tls)
    {
        await using var server = new RawServer(async (network, _, token) =>
        {
            Stream stream = await SecureAsync(network, tls, token);
            await Raw.ReadHeadAsync(stream, token);
            await Raw.SendAsync(stream, $"HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 2\r\n\r\nok", token);
            await Raw.UntilClosedAsync(network, token);
        });
        PoolSnapshot pool = await TwiceOkAsync(server, tls);
        Assert.Equal(2, pool.Origins[0].ClosedBy[reason]);
        Assert.Equal(0, pool.Open);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_closes_after_so_many_requests_loses_none(bool tls)
    {
        await using var server = new RawServer(async (network, _, token) =>
        {
            Stream stream = await SecureAsync(network, tls, token);
            for (int i = 0; i < 5; i++)
            {
                await Raw.ReadHeadAsync(stream, token);
                await Raw.SendAsync(stream, Raw.Ok, token);
            }
        });
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
        }

        Assert.Equal(10, server.Accepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_dribbles_in_byte_by_byte_is_an_answer(bool tls)
    {
        await using var server = new RawServer(async (network, _, token) =>
        {
            Stream stream = await SecureAsync(network, tls, token);
            for (int i = 0; i < 2; i++)
            {
                await Raw.ReadHeadAsync(stream, token);
                foreach (char c in "HTTP/1.1 100 Continue\r\n\r\n"
                    + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nt: v\r\n\r\n")
                {
                    await Raw.SendAsync(stream, c.ToString(), token);
                    await Task.Yield();
                }
            }

            await Raw.UntilClosedAsync(network, token);
        });
        PoolSnapshot pool = await TwiceOkAsync(server, tls);
        Assert.Equal(1, server.Accepted);
        Assert.Empty(pool.Origins[0].ClosedBy);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_before_the_request_was_read_arrives_and_the_connection_closes(bool tls)
    {
        await using RawServer server = Rude(tls, async (stream, network, token) =>
        {
            await Raw.SendAsync(stream, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch", token);
            await Raw.UntilClosedAsync(network, token);
        });
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        using (HttpResponseMessage response = await client.PostAsync(UriOf(server, tls), new StreamContent(new EndlessStream())))
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            Assert.Equal("much", await response.Content.ReadAsStringAsync());
        }

        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection was closed");
        Assert.Equal([CloseReason.RequestUnfinished], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
        Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
    }

    [Theory]
    [InlineData("request", TransportPhase.ReadHeaders, false)]
    [InlineData("request", TransportPhase.ReadHeaders, true)]
    [InlineData("head", TransportPhase.ReadHeaders, false)]
    [InlineData("body", TransportPhase.ReadBody, false)]
    [InlineData("body", TransportPhase.ReadBody, true)]
    public async Task A_stall_ends_with_the_timeout_of_its_phase(string place, TransportPhase phase, bool tls)
    {
        await using RawServer server = Rude(tls, async (stream, network, token) =>
        {
            await ReachAsync(stream, place, token);
            await Raw.UntilClosedAsync(network, token);
        });
        using PooledHttpHandler handler = NewHandler();
        handler.ResponseHeadersTimeout = handler.ResponseBodyIdleTimeout = TimeSpan.FromMilliseconds(300);
        using var client = new HttpClient(handler);
        TransportException e = await FailAsync(client, UriOf(server, tls));
        Assert.True(e.IsTimeout);
        Assert.Equal(phase, e.Phase);
        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the connection was closed");
        Assert.Equal([CloseReason.RequestTimeout], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
        Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
    }

    private static Uri UriOf(RawServer server, bool tls) => new($"{(tls ? "https" : "http")}://localhost:{server.Port}/");

    private static PooledHttpHandler NewHandler() => new()
    {
        UseProxy = false,
        SslOptions = TestCertificates.Trusting(),
        ResolveNames = static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
    };

    /// <summary>The first connection goes by the script; those after it answer everything.</summary>
    private static RawServer Rude(bool tls, Func<Stream, NetworkStream, CancellationToken, Task> first) => new(async (socket, nth, token) =>
    {
        Stream stream;
        try
        {
            stream = await SecureAsync(socket, tls, token);
        }
        catch (IOException)
        {
            return;
        }

        if (nth == 0)
        {
            await first(stream, socket, token);
            return;
        }

        await Raw.ReadHeadAsync(stream, token);
        await Raw.SendAsync(stream, Raw.Ok, token);
        await Raw.UntilClosedAsync(socket, token);
    });

    private static async Task<Stream> SecureAsync(NetworkStream network, bool tls, CancellationToken token)
    {
        if (!tls)
        {
            return network;
        }

        var secure = new SslStream(network);
        await secure.AuthenticateAsServerAsync(TestCertificates.Presenting(), token);
        return secure;
    }

    private static async Task ReachAsync(Stream stream, string place, CancellationToken token)
    {
        if (place == "accept")
        {
            return;
        }

        await Raw.ReadHeadAsync(stream, token);
        await Raw.SendAsync(stream, place switch
        {
            "head" => Half[..20],
            "body" => Half,
            "chunk" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf",
            _ => "",
        }, token);
    }

    /// <summary>A failure in the body comes through the client's own wrapping.</summary>
    private static async Task<TransportException> FailAsync(HttpClient client, Uri uri)
    {
        Exception? e = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync(uri));
        while (e is not (null or TransportException))
        {
            e = e.InnerException;
        }

        return Assert.IsType<TransportException>(e);
    }

    private static async Task<PoolSnapshot> FailThenSucceedAsync(RawServer server, bool tls)
    {
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        TransportException e = await FailAsync(client, UriOf(server, tls));
        Assert.False(e.IsTimeout);
        Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
        PoolSnapshot pool = handler.GetSnapshot();
        Assert.Equal((1, 1, 2), (pool.Open, pool.Idle, server.Accepted));
        return pool;
    }

    private static async Task<PoolSnapshot> TwiceOkAsync(RawServer server, bool tls)
    {
        using PooledHttpHandler handler = NewHandler();
        using var client = new HttpClient(handler);
        Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
        Assert.Equal("ok", await client.GetStringAsync(UriOf(server, tls)));
        return handler.GetSnapshot();
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return buffer.Length;
        }

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => CopyAsync(destination);

        private static async Task CopyAsync(Stream destination)
        {
            byte[] block = new byte[4000];
            while (true)
            {
                await destination.WriteAsync(block);
            }
        }
    }
}
