using Warmwire.Connections;
using Warmwire.Http2;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;
using FrameType = Warmwire.Http2.Wire.FrameType;

namespace Warmwire.Tests.Http2;

/// <summary>One connection without a pool, with a peer: for what only a look inside can tell.</summary>
internal sealed class Http2Direct : IDisposable
{
    private readonly HandlerSettings _settings;

    private Http2Direct(Action<HandlerSettings>? configure)
    {
        _settings = new HandlerSettings { TimeProvider = Time };
        configure?.Invoke(_settings);
        (Stream client, PeerEnd end) = MemoryTransport.CreatePair();
        var key = new Route(isTls: false, "server.test", 80, protocols: ProtocolOffer.Http2OrHttp1);
        var dialed = new DialedStream { Stream = client, IsHttp2 = true, SupportsZeroByteReads = true };
        Connection = new Http2Connection(key, dialed, Owner, new ConnectionServices(_settings));
        Peer = new Http2Peer(end);
    }

    public FakeTime Time { get; } = new();

    public CountingOwner Owner { get; } = new();

    public Http2Connection Connection { get; }

    public Http2Peer Peer { get; }

    public static async Task<Http2Direct> StartAsync(
        Action<HandlerSettings>? configure = null, params (PeerSetting Setting, uint Value)[] settings)
    {
        var direct = new Http2Direct(configure);
        direct.Connection.Start();
        await direct.Peer.HandshakeAsync(settings);
        await direct.Peer.RoundTripAsync();
        return direct;
    }

    /// <summary>An attempt as the pool hands it over.</summary>
    public Attempt NewAttempt(HttpRequestMessage? request = null, CancellationToken token = default) =>
        new(new AttemptRequest(request ?? Http2Rig.Get(), RequestSettings.Defaults(_settings), token));

    public Task<HttpResponseMessage> SendAsync(Attempt attempt) => Guard.Within(Connection.SendAsync(attempt).AsTask(), () => "a response");

    /// <summary>A request that is with the peer, its stream and its attempt.</summary>
    public async Task<(OpenRequest Open, Http2Stream Stream, Attempt Attempt)> OpenAsync(
        HttpRequestMessage? request = null, CancellationToken token = default)
    {
        Attempt attempt = NewAttempt(request, token);
        Task<HttpResponseMessage> sending = SendAsync(attempt);
        var open = new OpenRequest(Peer, await Peer.ReadRequestAsync(), sending);
        Http2Stream? stream = Connection.Streams.Find(open.StreamId, FrameType.Headers);
        Assert.NotNull(stream);
        return (open, stream, attempt);
    }

    public void Dispose() => Connection.Close(CloseReason.Disposed);

    /// <summary>What the connection has told its pool, counted.</summary>
    internal sealed class CountingOwner : IMultiplexedConnectionOwner
    {
        private int _ended;
        private int _closed;

        public int Ended => Volatile.Read(ref _ended);

        public int ClosedTimes => Volatile.Read(ref _closed);

        public void StreamEnded(HttpConnection connection) => Interlocked.Increment(ref _ended);

        public void Closed(HttpConnection connection, CloseReason reason) => Interlocked.Increment(ref _closed);

        public void Returned(HttpConnection connection) => throw new NotSupportedException("only for one exchange at a time");

        public void ResponseLeaked(HttpConnection connection, string? stack)
        {
        }

        public void StreamLimitChanged(HttpConnection connection)
        {
        }

        public void Suspended(HttpConnection connection)
        {
        }

        public void Resumed(HttpConnection connection)
        {
        }

        /// <summary>Runs when the connection says that it takes no more, for whatever reason.</summary>
        public Action? OnRetire { get; set; }

        public void Retire(HttpConnection connection, CloseReason reason) => OnRetire?.Invoke();

        public void Http11Required(HttpConnection connection) => OnRetire?.Invoke();
    }
}
