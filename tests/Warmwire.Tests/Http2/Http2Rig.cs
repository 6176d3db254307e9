using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>A handler over a network of HTTP/2 peers without TLS (prior knowledge, RFC 9113 §3.3), with every way in.</summary>
/// <remarks>
/// With <c>WARMWIRE_H2_TEST_REFERENCE=1</c> the handler of .NET takes the place of ours, so that the author of a test can see whether
/// its script is right where both should do the same. What only ours can say is not asserted then.
/// </remarks>
internal sealed class Http2Rig : IDisposable
{
    private readonly PooledHttpHandler? _handler;

    public Http2Rig(Action<PooledHttpHandler>? configure = null, MemoryTransportOptions? transport = null)
        : this(configure, transport, Environment.GetEnvironmentVariable("WARMWIRE_H2_TEST_REFERENCE") == "1")
    {
    }

    private Http2Rig(Action<PooledHttpHandler>? configure, MemoryTransportOptions? transport, bool reference)
    {
        Network = new PeerNetwork(transport);
        IsReference = reference;
        PooledHttpHandler handler = Network.CreateHandler(configure);
        _handler = reference ? null : handler;
        Invoker = new HttpMessageInvoker(_handler ?? (HttpMessageHandler)ReferenceHandler(handler));
    }

    public static Uri Uri { get; } = new("http://server.test/");

    /// <summary>Whether the handler of .NET plays our part.</summary>
    public bool IsReference { get; }

    public PeerNetwork Network { get; }

    public FakeTime Time => Network.Time;

    public PooledHttpHandler Handler => _handler ?? throw new NotSupportedException("The handler of .NET has nothing of this.");

    public HttpMessageInvoker Invoker { get; }

    public OriginSnapshot Origin => Assert.Single(Handler.GetSnapshot().Origins);

    /// <summary>A rig whose client is the handler of .NET: what the kit itself is tested with.</summary>
    public static Http2Rig OverReference() => new(configure: null, transport: null, reference: true);

    public static HttpRequestMessage Get(string path = "") => Request(HttpMethod.Get, path);

    public static HttpRequestMessage Post(HttpContent content, string path = "") => Request(HttpMethod.Post, path, content);

    public static HttpRequestMessage Post(string body, string path = "") => Post(new ByteArrayContent(WireBytes.Of(body)), path);

    public static HttpRequestMessage Request(HttpMethod method, string path = "", HttpContent? content = null) =>
        new(method, new Uri(Uri, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };

    /// <summary>Sends through the handler alone: the response as soon as its head is there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        Guard.Within(Invoker.SendAsync(request, cancellationToken), () => $"a response; {Describe()}");

    /// <summary>The server of the next connection, not a word said.</summary>
    public async Task<Http2Peer> AcceptSilentAsync() => new((await Network.AcceptAsync()).End);

    /// <summary>The server of the next connection, SETTINGS exchanged.</summary>
    public async Task<Http2Peer> AcceptAsync(params (PeerSetting Setting, uint Value)[] settings)
    {
        Http2Peer peer = await AcceptSilentAsync();
        await peer.HandshakeAsync(settings);
        return peer;
    }

    /// <summary>A request on a new connection, at the peer and not answered.</summary>
    public Task<OpenRequest> StartAsync(params (PeerSetting Setting, uint Value)[] settings) => StartAsync(Get(), settings);

    public async Task<OpenRequest> StartAsync(HttpRequestMessage request, params (PeerSetting Setting, uint Value)[] settings)
    {
        Task<HttpResponseMessage> sending = SendAsync(request);
        Http2Peer peer = await OrFailureAsync(sending, AcceptAsync(settings));
        return new OpenRequest(peer, await OrFailureAsync(sending, peer.ReadRequestAsync()), sending);
    }

    /// <summary>Another request on this connection.</summary>
    public async Task<OpenRequest> OpenAsync(
        Http2Peer peer, HttpRequestMessage? request = null, CancellationToken cancellationToken = default)
    {
        Task<HttpResponseMessage> sending = SendAsync(request ?? Get(), cancellationToken);
        return new OpenRequest(peer, await OrFailureAsync(sending, peer.ReadRequestAsync()), sending);
    }

    /// <summary>The next request of <paramref name="sending"/>, on a new connection or on this one, whichever the client prefers.</summary>
    /// <param name="sending">What the request belongs to.</param>
    /// <param name="peer">The connection that is there.</param>
    /// <param name="dials">How many dials there were before.</param>
    public async Task<OpenRequest> NextAnywhereAsync(Task<HttpResponseMessage> sending, Http2Peer peer, int dials)
    {
        bool isHere = false;
        while (!isHere && Network.DialCount == dials)
        {
            await Task.Yield();
            if (!peer.ClientClosed.IsCompleted)
            {
                await peer.RoundTripAsync();
                isHere = peer.Waiting.Any(frame => frame.Type == FrameType.Headers);
            }
        }

        peer = isHere ? peer : await AcceptAsync([]);
        return new OpenRequest(peer, await peer.ReadRequestAsync(), sending);
    }

    /// <summary>An open connection on which one exchange has been made, all settings are acknowledged, and nothing is going on.</summary>
    public async Task<Http2Peer> WarmUpAsync(params (PeerSetting Setting, uint Value)[] settings)
    {
        OpenRequest first = await StartAsync(settings);
        await first.AnswerAsync("warm");
        await first.Peer.RoundTripAsync();
        return first.Peer;
    }

    /// <summary>A request that is made only when the client knows the peer's settings; until then it may use the defaults.</summary>
    public async Task<OpenRequest> StartSettledAsync(HttpRequestMessage request, params (PeerSetting Setting, uint Value)[] settings) =>
        await OpenAsync(await WarmUpAsync(settings), request);

    /// <summary>The connection is as good as new: the next request goes over it and gets its own answer.</summary>
    public async Task AssertServesAsync(Http2Peer peer)
    {
        int dials = Network.DialCount;
        await (await OpenAsync(peer, Get("next"))).AnswerAsync("next");
        Assert.Equal(dials, Network.DialCount);
    }

    /// <summary>The next request goes to a new connection and gets its own answer.</summary>
    public async Task<Http2Peer> AssertNextDialsAsync()
    {
        int dials = Network.DialCount;
        OpenRequest next = await StartAsync(Get("next"));
        await next.AnswerAsync("clean");
        Assert.Equal(dials + 1, Network.DialCount);
        return next.Peer;
    }

    /// <summary>The request fails as the transport says it; a body's failure has that inside.</summary>
    public async Task<TransportException> FailsAsync(Task task, HttpRequestError? error = null, Http2ErrorCode? code = null)
    {
        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => Guard.Within(task, () => $"a failure; {Describe()}"));
        if (IsReference)
        {
            Assert.True(thrown is HttpRequestException or IOException, thrown.ToString());
            return null!;
        }

        TransportException failure = Assert.IsType<TransportException>(thrown is IOException ? thrown.InnerException : thrown);
        Assert.Equal(error ?? failure.HttpRequestError, failure.HttpRequestError);
        Assert.Equal(code ?? failure.Http2ErrorCode, failure.Http2ErrorCode);
        return failure;
    }

    /// <summary>The peer broke the rules of the connection: it is told so and left, and its requests fail with the same code.</summary>
    public async Task ExpectConnectionErrorAsync(OpenRequest request, Http2ErrorCode code, CloseReason reason = CloseReason.ProtocolError)
    {
        if (!IsReference)
        {
            Assert.Equal(code, (await request.Peer.ExpectGoAwayAsync()).Code);
        }

        await request.Peer.ExpectClosedAsync();
        await FailsAsync(request.Sending, HttpRequestError.HttpProtocolError, code);
        await ExpectClosedForAsync(reason);
    }

    /// <summary>The one connection there was closes, for this reason and no other.</summary>
    public async Task ExpectClosedForAsync(CloseReason reason)
    {
        if (!IsReference)
        {
            await Eventually.IsTrue(() => Origin.Open == 0, $"the connection closes; {Describe()}");
            AssertClosedFor(reason);
        }
    }

    public void AssertClosedFor(CloseReason reason)
    {
        if (!IsReference)
        {
            Assert.Equal([new KeyValuePair<CloseReason, long>(reason, 1)], Origin.ClosedBy);
        }
    }

    /// <summary>One connection is open, and none was ever closed.</summary>
    public void AssertOneOpen()
    {
        Assert.Equal((1, 1), (Network.OpenConnections, Network.DialCount));
        if (!IsReference)
        {
            Assert.Equal((1, 0), (Origin.Open, Origin.ClosedBy.Count));
        }
    }

    public void Dispose() => Invoker.Dispose();

    private static SocketsHttpHandler ReferenceHandler(PooledHttpHandler like) => new()
    {
        ConnectCallback = like.ConnectCallback,
        UseProxy = false,
        UseCookies = false,
        EnableMultipleHttp2Connections = like.EnableMultipleHttp2Connections,
        MaxConnectionsPerServer = like.MaxConnectionsPerServer,
        InitialHttp2StreamWindowSize = like.InitialHttp2StreamWindowSize,
        Expect100ContinueTimeout = like.Expect100ContinueTimeout,
        MaxResponseHeadersLength = like.MaxResponseHeadersLength,
    };

    /// <summary>A request that has failed never reaches the peer: the test ends with its exception and not with a wait.</summary>
    private static async Task<T> OrFailureAsync<T>(Task sending, Task<T> step)
    {
        if (await Task.WhenAny(step, sending) == sending && sending.IsFaulted)
        {
            await sending;
        }

        return await step;
    }

    private string Describe() => $"{Network}; {_handler?.GetSnapshot()}";
}
