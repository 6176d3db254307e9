using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>The races between the read that watches an idle connection and the exchanges before and after it.</summary>
public sealed class IdleWatchTests : IDisposable
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    private static readonly Uri s_uri = new("http://server.test/");

    private readonly List<StagedStream> _streams = [];
    private readonly PooledHttpHandler _handler;
    private readonly HttpMessageInvoker _client;

    public IdleWatchTests()
    {
        _handler = new PooledHttpHandler
        {
            UseProxy = false,
            ConnectCallback = (_, _) =>
            {
                _streams.Add(new StagedStream());
                return ValueTask.FromResult<Stream>(_streams[^1]);
            },
        };
        _client = new HttpMessageInvoker(_handler);
    }

    private CloseReason[] Closed => [.. _handler.GetSnapshot().Origins[0].ClosedBy.Keys];

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_watch_whose_flow_comes_late_does_not_take_the_connection_from_its_next_rest()
    {
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        StagedStream stream = await ExchangeAsync(0);
        stream.OnAnswered = HoldUpFirst(held, release);

        // The first byte of the second answer ends the watch before the exchange comes to read it; the watch's own flow is held up.
        var server = new Thread(() => stream.Answer(Answer[..1]));
        stream.OnWrite = () =>
        {
            server.Start();
            Assert.True(held.Wait(Guard.Limit));
        };
        Task<HttpResponseMessage> second = SendAsync();
        stream.Answer(Answer[1..]);
        (await second).Dispose();
        release.Set();
        server.Join();

        Assert.Empty(Closed);
        stream.OnWrite = null;
        await ExchangeAsync(0);
        Assert.Single(_streams);
        Assert.Equal(1, _handler.GetSnapshot().Idle);
    }

    [Fact]
    public async Task Stray_bytes_whose_watch_has_not_spoken_yet_are_not_the_next_answer()
    {
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        StagedStream stream = await ExchangeAsync(0);
        stream.OnAnswered = HoldUpFirst(held, release);
        var server = new Thread(() => stream.Answer("X"));
        server.Start();
        Assert.True(held.Wait(Guard.Limit));

        await ExchangeAsync(1);
        release.Set();
        server.Join();

        Assert.Equal([CloseReason.UnsolicitedData], Closed);
        Assert.True(stream.IsDisposed);
        Assert.Equal(1, _handler.GetSnapshot().Open);
    }

    [Fact]
    public async Task A_connection_that_was_leased_and_not_used_has_one_watch()
    {
        StagedStream stream = await ExchangeAsync(0);
        for (int i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, s_uri);
            request.Headers.TryAddWithoutValidation("x", "\u00e9");
            await Assert.ThrowsAsync<TransportException>(() => _client.SendAsync(request, CancellationToken.None));
        }

        Assert.Equal(1, stream.Waiting);
        await ExchangeAsync(0);
        Assert.Single(_streams);
        stream.Answer("X");
        Assert.Equal([CloseReason.UnsolicitedData], Closed);
    }

    [Fact]
    public async Task A_watch_that_ends_without_cause_is_renewed()
    {
        await using var server = new RawServer(static async (stream, _, token) =>
        {
            for (int i = 0; i < 3; i++)
            {
                await Raw.ReadHeadAsync(stream, token);
                await Raw.SendAsync(stream, Answer, token);
            }
        });
        NervousStream? stream = null;
        using var handler = new PooledHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return stream = new NervousStream(socket);
            },
        };
        using var client = new HttpClient(handler);
        for (int i = 0; i < 3; i++)
        {
            (await client.GetAsync(server.Uri)).Dispose();
            if (i < 2)
            {
                await Eventually.IsTrue(() => stream!.IsWatched, "the watch waits for input");
                Assert.Equal((1, 0), (handler.GetSnapshot().Idle, handler.GetSnapshot().Active));
            }
        }

        await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the close of the server was seen");

        Assert.Equal([CloseReason.ServerClosed], handler.GetSnapshot().Origins[0].ClosedBy.Keys);
    }

    /// <summary>Its reads of nothing end at first without anything to read, as a socket's do after an event that came late.</summary>
    private sealed class NervousStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private int _nervous = 20;
        private volatile bool _isWatched;

        /// <summary>Whether a read of nothing waits that ends with input only.</summary>
        public bool IsWatched => _isWatched;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.IsEmpty && _nervous-- > 0)
            {
                await Task.Yield();
                return 0;
            }

            _isWatched = buffer.IsEmpty;
            try
            {
                return await base.ReadAsync(buffer, cancellationToken);
            }
            finally
            {
                _isWatched = false;
            }
        }
    }

    private static Action HoldUpFirst(ManualResetEventSlim held, ManualResetEventSlim release)
    {
        int answered = 0;
        return () =>
        {
            if (Interlocked.Increment(ref answered) == 1)
            {
                held.Set();
                release.Wait(Guard.Limit);
            }
        };
    }

    private async Task<StagedStream> ExchangeAsync(int stream)
    {
        Task<HttpResponseMessage> response = SendAsync();
        await Eventually.IsTrue(() => _streams.Count > stream, "the dial");
        _streams[stream].Answer(Answer);
        (await response).Dispose();
        return _streams[stream];
    }

    private Task<HttpResponseMessage> SendAsync() =>
        _client.SendAsync(new HttpRequestMessage(HttpMethod.Get, s_uri), CancellationToken.None);
}
