using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Authentication;
using Warmwire.Connections;
using Warmwire.Http1.Flow;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// What comes unasked over TLS and is on its way at the lease: in the socket, with a thread that has taken it out of there, or in TLS. The
/// test says when the word of it comes, and holds who deciphers it.
/// </summary>
public sealed class TlsWatchTests : IConnectionOwner, IDisposable
{
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<IDisposable> _open = [];

    public static TheoryData<bool> Kinds => new(true, false);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Stray_bytes_in_the_socket_are_found_by_the_lease(bool notifiesInput)
    {
        (HeldSocket socket, SslStream server, Http1Connection connection) = await IdleAsync(notifiesInput);
        await SendAsync(server, socket, "evil");
        Assert.False(connection.TryLease(TimeSpan.MaxValue));
        Assert.Equal(CloseReason.UnsolicitedData, await ClosedAsync());
    }

    /// <summary>The bytes have left the socket, and TLS has not told of them yet.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Stray_bytes_that_a_thread_is_deciphering_are_found_by_the_lease(bool notifiesInput)
    {
        (HeldSocket socket, SslStream server, Http1Connection connection) = await IdleAsync(notifiesInput);
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new ManualResetEventSlim();
        socket.WhenTaken = () =>
        {
            taken.SetResult();
            goOn.Wait(Guard.Limit);
        };
        await SendAsync(server, socket, "evil");
        Task telling = Task.Run(socket.Tell);
        await Guard.Within(taken.Task, () => "the bytes are taken");
        Assert.False(socket.HasInput);
        Task<bool> lease = Task.Run(() => connection.TryLease(TimeSpan.MaxValue));

        // Real time: a lease that waits for the other thread cannot be seen; one that does not is over by then.
        await Task.WhenAny(lease, Task.Delay(50));
        goOn.Set();
        Assert.False(await Guard.Within(lease, () => "the lease"));
        Assert.Equal(CloseReason.UnsolicitedData, await ClosedAsync());
        await telling;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Tickets_in_the_socket_do_not_hinder_the_lease_and_hide_nothing_behind_them(bool notifiesInput)
    {
        (HeldSocket socket, SslStream server, Http1Connection connection) = await IdleAsync(notifiesInput, tickets: true);
        Assert.True(connection.TryLease(TimeSpan.MaxValue));
        Assert.False(socket.HasInput);
        connection.Release();

        // Nothing may take the bytes out of the socket before somebody asks for them.
        Assert.Equal(0, socket.Reads);
        await SendAsync(server, socket, "evil");
        Assert.False(connection.TryLease(TimeSpan.MaxValue));
        Assert.Equal(CloseReason.UnsolicitedData, await ClosedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Tickets_that_the_watch_is_told_of_leave_the_connection_idle_and_watched(bool notifiesInput)
    {
        (HeldSocket socket, SslStream server, Http1Connection connection) = await IdleAsync(notifiesInput, tickets: true);
        socket.Tell();
        await Eventually.IsTrue(() => !socket.HasInput, "the tickets are taken");
        Assert.Equal((Http1State.Idle, 0), (connection.State, socket.Reads));
        Assert.True(connection.TryLease(TimeSpan.MaxValue));
        connection.Release();
        await SendAsync(server, socket, "evil");
        await Eventually.IsTrue(() => TryTell(socket), "the watch waits again");
        Assert.Equal(CloseReason.UnsolicitedData, await ClosedAsync());
    }

    /// <summary>TLS 1.2 negotiates once more, TLS 1.3 asks behind the handshake: TLS has to speak before it has an answer.</summary>
    [Theory]
    [SupportedOSPlatform("linux")]
    [SupportedOSPlatform("windows")]
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls12, false)]
    [InlineData(SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls13, false)]
    public async Task A_server_that_asks_for_a_certificate_meanwhile_gets_its_answer(SslProtocols version, bool notifiesInput)
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "The server's side of this is not there.");
        (HeldSocket socket, SslStream server, Http1Connection connection) = await IdleAsync(notifiesInput, version: version);
        socket.IsHeld = false;
        Task asking = server.NegotiateClientCertificateAsync();
        await Eventually.IsTrue(() => socket.HasInput, "the question");
        bool leased = connection.TryLease(TimeSpan.MaxValue);
        await Guard.Within(asking, () => "the answer");
        Assert.True(leased);
        connection.Release();
        Assert.True(connection.TryLease(TimeSpan.MaxValue));
        Assert.False(_closed.Task.IsCompleted);
        connection.Release();
        await server.WriteAsync("evil"u8.ToArray());
        Assert.Equal(CloseReason.UnsolicitedData, await ClosedAsync());
    }

    public void Dispose()
    {
        _open.Reverse();
        _open.ForEach(static one => one.Dispose());
    }

    void IConnectionOwner.Returned(HttpConnection connection)
    {
    }

    void IConnectionOwner.Closed(HttpConnection connection, CloseReason reason) => _closed.SetResult(reason);

    void IConnectionOwner.ResponseLeaked(HttpConnection connection, string? stack)
    {
    }

    private static bool TryTell(HeldSocket socket)
    {
        if (!socket.NotifiesInput && !socket.IsWaitedFor)
        {
            return false;
        }

        socket.Tell();
        return true;
    }

    private Task<CloseReason> ClosedAsync() => Guard.Within(_closed.Task, () => "the connection is closed");

    private static async Task SendAsync(SslStream server, HeldSocket socket, string text)
    {
        await server.WriteAsync(System.Text.Encoding.Latin1.GetBytes(text));
        await Eventually.IsTrue(() => socket.HasInput, "the bytes have come");
    }

    /// <summary>An idle connection. The tickets of TLS 1.3 are in its socket, or have been taken.</summary>
    private async Task<(HeldSocket Socket, SslStream Server, Http1Connection Connection)> IdleAsync(
        bool notifiesInput, bool tickets = false, SslProtocols version = SslProtocols.Tls13)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndpoint);
        var server = new SslStream(new NetworkStream(await listener.AcceptSocketAsync(), ownsSocket: true));
        var socket = new HeldSocket(client, notifiesInput);
        var tls = new SslStream(socket);
        _open.AddRange([server, tls]);
        SslClientAuthenticationOptions trusting = TestCertificates.Trusting();
        trusting.TargetHost = "localhost";

        // A session that is resumed may have brought the client's certificate with it.
        trusting.AllowTlsResume = false;
        trusting.ClientCertificates = [TestCertificates.Client];
        SslServerAuthenticationOptions presenting = TestCertificates.Presenting();
        presenting.EnabledSslProtocols = version;
        presenting.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        await Guard.Within(
            Task.WhenAll(tls.AuthenticateAsClientAsync(trusting), server.AuthenticateAsServerAsync(presenting)), () => "the handshake");
        if (version == SslProtocols.Tls13)
        {
            await Eventually.IsTrue(() => socket.HasInput, "the tickets");
        }

        var dialed = new DialedStream { Stream = tls, SocketStream = socket, SupportsZeroByteReads = true };
        var connection = new Http1Connection(
            new Route(true, "localhost", 443), dialed, this, new ConnectionServices(new HandlerSettings { TimeProvider = new FakeTime() }));
        socket.IsHeld = true;
        connection.Release();
        if (version == SslProtocols.Tls13 && !tickets)
        {
            Assert.True(connection.TryLease(TimeSpan.MaxValue));
            connection.Release();
        }

        return (socket, server, connection);
    }
}
