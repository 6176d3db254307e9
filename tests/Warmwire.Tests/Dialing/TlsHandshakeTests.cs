using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Settings;
using Warmwire.Sockets;
using Warmwire.Tests.Servers.Http2;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class TlsHandshakeTests
{
    [Fact]
    public async Task A_TLS_dial_speaks_HTTP_1_1_and_proves_its_name()
    {
        await using var peer = new TlsPeer("api.example.com");
        var lines = new ConcurrentQueue<string>();
        DialedStream dialed = await new Dialer(Trusting())
            .DialAsync(Dials.To("api.example.com", peer.Port, tls: true, Dials.Trace(lines)), CancellationToken.None);

        await using var stream = Assert.IsType<SslStream>(dialed.Stream);
        await using SslStream accepted = await peer.NextAsync();
        Assert.Equal(SslApplicationProtocol.Http11, stream.NegotiatedApplicationProtocol);
        Assert.Equal("api.example.com", accepted.TargetHostName);
        Assert.Null(accepted.RemoteCertificate);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, peer.Port), dialed.RemoteEndPoint);
        Assert.True(dialed.TlsTime > TimeSpan.Zero);
        Assert.True(dialed.SupportsZeroByteReads);
        Assert.NotNull(dialed.SocketStream);
        Assert.False(dialed.IsPlain);
        Assert.Equal(["tls", "tls done True"], lines.TakeLast(2), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_certificate_nobody_vouches_for_is_a_secure_connection_error()
    {
        await using var peer = new TlsPeer("api.example.com");
        var lines = new ConcurrentQueue<string>();
        var inner = new WitnessedConnects();
        HandlerSettings settings = Dials.Settings(null, "127.0.0.1");

        TransportException e = await Patience.FailureOf(
            new Dialer(settings, inner.ConnectAsync).DialAsync(
                Dials.To("api.example.com", peer.Port, tls: true, Dials.Trace(lines)), CancellationToken.None));

        DialerConnectTests.AssertUnsent(
            e, HttpRequestError.SecureConnectionError, TransportPhase.Tls, $"https://api.example.com:{peer.Port}");
        Assert.IsType<AuthenticationException>(e.InnerException);
        Assert.False(e.IsTimeout);
        Assert.StartsWith(
            $"The TLS handshake with api.example.com:{peer.Port} (target name api.example.com) failed: ",
            e.Message,
            StringComparison.Ordinal);
        Assert.EndsWith("; see PooledHttpHandler.SslOptions.", e.Message, StringComparison.Ordinal);
        Assert.Equal("tls done TransportException", lines.Last());
        Assert.False(inner.Opened!.CanRead);
    }

    [Fact]
    public async Task The_validation_callback_sees_the_stream_as_its_sender()
    {
        await using var peer = new TlsPeer("api.example.com");
        object? sender = null;
        HandlerSettings settings = Trusting();
        settings.SslOptions!.RemoteCertificateValidationCallback = (from, _, _, _) =>
        {
            sender = from;
            return true;
        };

        DialedStream dialed =
            await new Dialer(settings).DialAsync(Dials.To("api.example.com", peer.Port, tls: true), CancellationToken.None);

        Assert.Same(dialed.Stream, sender);
        await dialed.Stream.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_hangs_up_in_the_handshake_is_a_secure_connection_error()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<DialedStream> dial = new Dialer(Trusting())
            .DialAsync(Dials.To("api.example.com", ((IPEndPoint)listener.LocalEndpoint).Port, tls: true), CancellationToken.None);
        (await listener.AcceptSocketAsync()).Dispose();

        TransportException e = await Patience.FailureOf(dial);

        Assert.Equal((HttpRequestError.SecureConnectionError, TransportPhase.Tls), (e.HttpRequestError, e.Phase));
    }

    [Fact]
    public async Task A_handshake_that_does_not_end_fails_at_its_timeout_and_closes_the_stream()
    {
        var clock = new ManualClock();
        var inner = new WitnessStream();
        HandlerSettings settings = Dials.Settings(clock);
        settings.ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(inner);
        Task<DialedStream> dial = new Dialer(settings).DialAsync(Dials.To("api.example.com", 443, tls: true), CancellationToken.None);

        clock.Advance(TimeSpan.FromSeconds(5));

        TransportException e = await Patience.FailureOf(dial);
        DialerConnectTests.AssertUnsent(e, HttpRequestError.SecureConnectionError, TransportPhase.Tls, "https://api.example.com:443");
        Assert.True(e.IsTimeout);
        Assert.IsType<TimeoutException>(e.InnerException);
        Assert.Equal(
            "The TLS handshake with api.example.com:443 (target name api.example.com) did not end within 5 s; "
                + "see PooledHttpHandler.TlsHandshakeTimeout.",
            e.Message);
        Assert.True(inner.IsDisposed);
    }

    [Fact]
    public async Task The_pools_token_ends_a_handshake_as_a_cancellation_and_closes_the_stream()
    {
        using var pool = new CancellationTokenSource();
        var inner = new WitnessStream();
        HandlerSettings settings = Dials.Settings(new ManualClock());
        settings.ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(inner);
        Task<DialedStream> dial = new Dialer(settings).DialAsync(Dials.To("api.example.com", 443, tls: true), pool.Token);

        pool.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial.WaitAsync(Patience.Limit));
        Assert.True(inner.IsDisposed);
    }

    [Fact]
    public async Task A_request_brings_its_own_certificate()
    {
        await using var peer = new TlsPeer("api.example.com", asksForCertificate: true);
        using X509Certificate2 one = TlsPeer.Certificate("one.example");
        using X509Certificate2 two = TlsPeer.Certificate("two.example");
        var dialer = new Dialer(Trusting());

        // Resumption must not carry one identity over to the other.
        (X509Certificate2? Certificate, string? Subject)[] hellos =
        [
            (one, "CN=one.example"), (two, "CN=two.example"), (null, null), (one, "CN=one.example"),
        ];
        foreach ((X509Certificate2? certificate, string? subject) in hellos)
        {
            var request = new DialRequest
            {
                Route = new Route(true, "api.example.com", peer.Port, clientCertificate: certificate),
                ConnectTimeout = Patience.Limit,
                TlsHandshakeTimeout = Patience.Limit,
            };
            DialedStream dialed = await dialer.DialAsync(request, CancellationToken.None);
            await using SslStream accepted = await peer.NextAsync();
            Assert.Equal(subject, accepted.RemoteCertificate?.Subject);
            await ExchangeAsync(dialed.Stream, accepted);
            await dialed.Stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_certificate_without_its_private_key_is_a_secure_connection_error()
    {
        await using var peer = new TlsPeer("api.example.com", asksForCertificate: true);
        using X509Certificate2 whole = TlsPeer.Certificate("one.example");
        using X509Certificate2 half = X509CertificateLoader.LoadCertificate(whole.RawData);
        var request = new DialRequest
        {
            Route = new Route(true, "api.example.com", peer.Port, clientCertificate: half),
            ConnectTimeout = Patience.Limit,
            TlsHandshakeTimeout = Patience.Limit,
        };

        TransportException e = await Patience.FailureOf(new Dialer(Trusting()).DialAsync(request, CancellationToken.None));

        Assert.Equal((HttpRequestError.SecureConnectionError, TransportPhase.Tls), (e.HttpRequestError, e.Phase));
        Assert.Contains("has no private key; see", e.Message, StringComparison.Ordinal);
    }

    // Whether a session was resumed is not public in SslStream, but it shows in what the server sends: a resumed handshake carries no
    // certificate.
    [Theory]
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls13, false)]
    public async Task A_second_dial_to_a_host_resumes_the_session_of_the_first(SslProtocols protocol, bool allowed)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsWindows(), "Sessions are not resumed on this system.");

        // .NET keeps sessions by target name for the whole process, so each case has its own.
        string host = $"{Guid.NewGuid():N}.example";
        await using var peer = new TlsPeer(host, protocol);
        HandlerSettings settings = Trusting();
        settings.SslOptions!.EnabledSslProtocols = protocol;
        settings.SslOptions.AllowTlsResume = allowed;
        CountingStream? counting = null;
        var dialer = new Dialer(
            settings,
            async (endPoint, token) => counting = new CountingStream(
                await SocketConnector.ConnectAsync(endPoint, Timeout.InfiniteTimeSpan, SocketBackEnds.Default, token)));

        var handshakes = new List<long>();
        for (int i = 0; i < 2; i++)
        {
            DialedStream dialed = await dialer.DialAsync(Dials.To(host, peer.Port, tls: true), CancellationToken.None);
            handshakes.Add(counting!.BytesRead);
            await using SslStream accepted = await peer.NextAsync();

            // With TLS 1.3 the tickets come after the handshake, before the first data.
            await ExchangeAsync(dialed.Stream, accepted);
            await dialed.Stream.DisposeAsync();
        }

        Assert.Equal(allowed, handshakes[1] < handshakes[0] / 2);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_read_into_an_empty_buffer_waits_for_data_and_is_not_ended_by_session_tickets(SslProtocols protocol)
    {
        await using var peer = new TlsPeer("api.example.com", protocol);
        WatchedStream? network = null;
        HandlerSettings settings = Trusting();
        settings.ConnectCallback = async (context, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, token);
            return network = new WatchedStream(socket);
        };
        DialedStream dialed =
            await new Dialer(settings).DialAsync(Dials.To("api.example.com", peer.Port, tls: true), CancellationToken.None);
        await using Stream stream = dialed.Stream;
        await using SslStream accepted = await peer.NextAsync();
        Assert.True(dialed.SupportsZeroByteReads);

        // Nothing goes past what a stream of the application's makes of its reads.
        Assert.True(dialed.IsForeign);

        // By now the server has written its tickets, and they are on their way: they arrive no later than what the socket says is there.
        if (protocol == SslProtocols.Tls13)
        {
            Assert.True(SpinWait.SpinUntil(() => network!.Socket.Available > 0, Patience.Limit));
        }

        // TLS has taken the tickets, if any, when it reads again.
        Task<int> empty = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.True(SpinWait.SpinUntil(() => (network!.Socket.Available == 0 && network.Waits) || empty.IsCompleted, Patience.Limit));
        Assert.False(empty.IsCompleted);

        await accepted.WriteAsync("x"u8.ToArray());
        Assert.Equal(0, await empty.WaitAsync(Patience.Limit));
        Assert.Equal(1, await stream.ReadAsync(new byte[8]).AsTask().WaitAsync(Patience.Limit));

        Task<int> atEnd = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        await accepted.DisposeAsync();
        Assert.Equal(0, await atEnd.WaitAsync(Patience.Limit));
    }

    /// <summary>Tells whether a read of it waits.</summary>
    private sealed class WatchedStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private volatile bool _waits;

        public bool Waits => _waits;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ValueTask<int> read = base.ReadAsync(buffer, cancellationToken);
            _waits = !read.IsCompleted;
            try
            {
                return await read;
            }
            finally
            {
                _waits = false;
            }
        }
    }

    private static HandlerSettings Trusting()
    {
        HandlerSettings settings = Dials.Settings(null, "127.0.0.1");
        settings.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
        return settings;
    }

    private static async Task ExchangeAsync(Stream client, SslStream server)
    {
        var buffer = new byte[8];
        await client.WriteAsync("ping"u8.ToArray());
        await server.ReadAtLeastAsync(buffer, 4).AsTask().WaitAsync(Patience.Limit);
        await server.WriteAsync("pong"u8.ToArray());
        await client.ReadAtLeastAsync(buffer, 4).AsTask().WaitAsync(Patience.Limit);
    }

    private sealed class WitnessedConnects
    {
        public Stream? Opened { get; private set; }

        public async Task<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken) =>
            Opened = await SocketConnector.ConnectAsync(endPoint, Timeout.InfiniteTimeSpan, SocketBackEnds.Default, cancellationToken);
    }
}
