using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Runtime;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Settings;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class StreamCallbackTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void The_contexts_of_dotnet_can_be_made()
    {
        using var request = new HttpRequestMessage();
        var endPoint = new DnsEndPoint("api.example.com", 443);
        SocketsHttpConnectionContext connection = CallbackContexts.ForConnect(endPoint, request, connectionId: 7);
        SocketsHttpPlaintextStreamFilterContext filter = CallbackContexts.ForFilter(
            Stream.Null, HttpVersion.Version11, request, connectionId: 8);
        Assert.Equal((7, 8), (connection.ConnectionId, filter.ConnectionId));

        Assert.Same(endPoint, connection.DnsEndPoint);
        Assert.Same(request, connection.InitialRequestMessage);
        Assert.Same(Stream.Null, filter.PlaintextStream);
        Assert.Same(HttpVersion.Version11, filter.NegotiatedHttpVersion);
        Assert.Same(request, filter.InitialRequestMessage);
    }

    [Fact]
    public async Task A_connect_callback_replaces_name_and_connect()
    {
        using var request = new HttpRequestMessage();
        var stream = new WitnessStream();
        var lines = new ConcurrentQueue<string>();
        SocketsHttpConnectionContext? seen = null;
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ResolveNames = (_, _) => throw new InvalidOperationException("must not be asked");
        settings.ConnectCallback = (context, _) =>
        {
            seen = context;
            _clock.Advance(TimeSpan.FromSeconds(3));
            return ValueTask.FromResult<Stream>(stream);
        };

        DialedStream dialed = await new Dialer(settings)
            .DialAsync(Dials.To("api.example.com", 81, trace: Dials.Trace(lines), request: request), CancellationToken.None);

        Assert.Same(stream, dialed.Stream);
        Assert.Same(request, seen!.InitialRequestMessage);
        Assert.Equal(new DnsEndPoint("api.example.com", 81), seen.DnsEndPoint);
        Assert.Equal(TimeSpan.FromSeconds(3), dialed.ConnectTime);
        Assert.Equal(
            (null, null, null, false), (dialed.SocketStream, dialed.RemoteEndPoint, dialed.ResolvedAddress, dialed.SupportsZeroByteReads));
        Assert.Equal(
            ["connect Unspecified/api.example.com:81", "connect done Unspecified/api.example.com:81"], lines, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_dial_that_no_request_asked_for_shows_callbacks_a_GET_of_the_origin()
    {
        HttpRequestMessage? seen = null;
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = (context, _) =>
        {
            seen = context.InitialRequestMessage;
            return ValueTask.FromResult<Stream>(new WitnessStream());
        };

        await new Dialer(settings).DialAsync(Dials.To("2001:db8::1", 8080), CancellationToken.None);

        Assert.Equal(HttpMethod.Get, seen!.Method);
        Assert.Equal(new Uri("http://[2001:db8::1]:8080/"), seen.RequestUri);
    }

    [Fact]
    public async Task The_socket_of_a_callbacks_network_stream_is_known()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(listener.LocalEndpoint, token);
            return new NetworkStream(socket, ownsSocket: true);
        };

        DialedStream dialed = await new Dialer(settings).DialAsync(Dials.To("unix.example"), CancellationToken.None);

        using var stream = Assert.IsType<NetworkStream>(dialed.Stream);
        Assert.Same(stream.Socket, Assert.IsType<ManagedSocketStream>(dialed.SocketStream).Socket);
        Assert.True(dialed.IsPlain);
        Assert.Equal(((IPEndPoint)listener.LocalEndpoint).Port, ((IPEndPoint)dialed.RemoteEndPoint!).Port);
        Assert.True(dialed.SupportsZeroByteReads);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connect_callback_that_throws_is_a_connection_error(bool atOnce)
    {
        var inner = new InvalidOperationException("no route today.");
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = (_, _) => atOnce ? throw inner : ValueTask.FromException<Stream>(inner);

        TransportException e =
            await Patience.FailureOf(new Dialer(settings).DialAsync(Dials.To("api.example.com"), CancellationToken.None));

        DialerConnectTests.AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, "http://api.example.com:80");
        Assert.Same(inner, e.InnerException);
        Assert.Equal("PooledHttpHandler.ConnectCallback failed to connect to api.example.com:80: no route today.", e.Message);
    }

    [Fact]
    public async Task A_connect_callback_that_gives_null_is_told_so()
    {
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = static (_, _) => ValueTask.FromResult<Stream>(null!);

        TransportException e =
            await Patience.FailureOf(new Dialer(settings).DialAsync(Dials.To("api.example.com"), CancellationToken.None));

        DialerConnectTests.AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, "http://api.example.com:80");
        Assert.Equal("PooledHttpHandler.ConnectCallback delivered null instead of a stream to api.example.com:80.", e.Message);
    }

    [Fact]
    public async Task The_connect_timeout_holds_for_a_callback_and_what_it_delivers_later_is_disposed()
    {
        var delivery = new TaskCompletionSource<Stream>();
        CancellationToken given = default;
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = (_, token) =>
        {
            given = token;
            return new ValueTask<Stream>(delivery.Task);
        };
        Task<DialedStream> dial = new Dialer(settings).DialAsync(Dials.To("api.example.com"), CancellationToken.None);

        _clock.Advance(TimeSpan.FromSeconds(10));

        TransportException e = await Patience.FailureOf(dial);
        DialerConnectTests.AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, "http://api.example.com:80");
        Assert.True(e.IsTimeout);
        Assert.IsType<TimeoutException>(e.InnerException);
        Assert.True(given.IsCancellationRequested);
        var late = new WitnessStream();
        delivery.SetResult(late);
        await late.Disposed;
    }

    [Fact]
    public async Task The_pools_token_ends_a_callback_as_a_cancellation()
    {
        using var pool = new CancellationTokenSource();
        var delivery = new TaskCompletionSource<Stream>();
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = (_, _) => new ValueTask<Stream>(delivery.Task);
        Task<DialedStream> dial = new Dialer(settings).DialAsync(Dials.To("api.example.com"), pool.Token);

        pool.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial.WaitAsync(Patience.Limit));
        var late = new WitnessStream();
        delivery.SetResult(late);
        await late.Disposed;
    }

    [Fact]
    public async Task A_filter_may_replace_the_stream()
    {
        var filtered = new WitnessStream();
        using var inner = new WitnessStream();
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(inner);
        settings.PlaintextStreamFilter = (context, _) =>
        {
            Assert.Same(inner, context.PlaintextStream);
            Assert.Equal(HttpVersion.Version11, context.NegotiatedHttpVersion);
            return ValueTask.FromResult<Stream>(filtered);
        };

        DialedStream dialed = await new Dialer(settings).DialAsync(Dials.To("api.example.com"), CancellationToken.None);

        Assert.Same(filtered, dialed.Stream);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_a_filter_that_gives_the_stream_back_leaves_its_socket_known(bool same)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        HandlerSettings settings = Dials.Settings(_clock);
        settings.PlaintextStreamFilter =
            (context, _) => ValueTask.FromResult(same ? context.PlaintextStream : new BufferedStream(context.PlaintextStream));

        DialedStream dialed =
            await new Dialer(settings).DialAsync(Dials.To("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port), CancellationToken.None);

        await using Stream stream = dialed.Stream;
        Assert.Equal(same, dialed.SocketStream is not null);
        Assert.Equal(same, dialed.IsPlain);
        Assert.Equal(same, dialed.SupportsZeroByteReads);
        Assert.Equal(listener.LocalEndpoint, dialed.RemoteEndPoint);
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("null")]
    [InlineData("never")]
    public async Task A_filter_that_fails_closes_the_connection(string how)
    {
        var inner = new WitnessStream();
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(inner);
        settings.PlaintextStreamFilter = (_, _) => how switch
        {
            "throws" => throw new IOException("broken"),
            "null" => ValueTask.FromResult<Stream>(null!),
            _ => new ValueTask<Stream>(new TaskCompletionSource<Stream>().Task),
        };
        Task<DialedStream> dial = new Dialer(settings).DialAsync(Dials.To("api.example.com"), CancellationToken.None);

        _clock.Advance(TimeSpan.FromSeconds(10));

        TransportException e = await Patience.FailureOf(dial);
        DialerConnectTests.AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, "http://api.example.com:80");
        Assert.Equal(how == "never", e.IsTimeout);
        Assert.Contains("PooledHttpHandler.PlaintextStreamFilter", e.Message, StringComparison.Ordinal);
        Assert.True(inner.IsDisposed);
    }
}
