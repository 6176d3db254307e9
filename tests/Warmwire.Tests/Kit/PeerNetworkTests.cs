using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Tests.Dialing;
using Xunit;

namespace Warmwire.Tests.Kit;

/// <summary>The network carries a client we know to work: .NET's own handler.</summary>
public class PeerNetworkTests
{
    private readonly PeerNetwork _network = new();

    [Fact]
    public async Task A_client_talks_to_the_script_and_reuses_its_connection()
    {
        using HttpClient client = CreateClient();
        ScriptedPeer? peer = null;
        for (int i = 0; i < 3; i++)
        {
            Task<string> get = client.GetStringAsync(new Uri("http://server.test:81/hello"));
            peer ??= await _network.AcceptAsync();
            Assert.Equal(("server.test", 81), (peer.Host, peer.Port));
            Assert.Equal("/hello", (await peer.AnswerAsync(200, "hi")).Target);
            Assert.Equal("hi", await get);
        }

        Assert.Equal((1, 1, 0), (_network.DialCount, _network.OpenConnections, _network.PendingDials));
        client.Dispose();
        await peer!.ExpectClosedAsync();
        Assert.Equal(0, _network.OpenConnections);
    }

    [Fact]
    public async Task A_held_dial_waits_for_the_test()
    {
        _network.HoldDials = true;
        using HttpClient client = CreateClient();
        Task<string> get = client.GetStringAsync(new Uri("http://server.test/"));
        Dial dial = await _network.NextDialAsync();
        Assert.Equal((DialState.Pending, 1, 0), (dial.State, _network.PendingDials, _network.OpenConnections));
        await dial.Accept().AnswerAsync(200, "late");
        Assert.Equal("late", await get);
        Assert.Equal((DialState.Accepted, 0, 1), (dial.State, _network.PendingDials, _network.OpenConnections));
        Assert.Throws<InvalidOperationException>(() => dial.Fail(new IOException()));
    }

    [Fact]
    public async Task A_dial_that_is_given_up_says_so()
    {
        _network.HoldDials = true;
        using var cancel = new CancellationTokenSource();
        Task<Stream> connect = _network.ConnectAsync("server.test", 80, cancel.Token).AsTask();
        Dial dial = await _network.NextDialAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect);
        await Guard.Within(dial.Cancelled, () => "the dial's end");
        Assert.Equal((DialState.Cancelled, 0), (dial.State, _network.PendingDials));
    }

    [Fact]
    public async Task Failures_come_in_turn()
    {
        _network.FailNextDial(new SocketException((int)SocketError.ConnectionRefused));
        await Assert.ThrowsAsync<SocketException>(() => _network.ConnectAsync("a", 1, default).AsTask());
        await using Stream stream = await _network.ConnectAsync("a", 1, TestContext.Current.CancellationToken);
        Assert.Equal([DialState.Failed, DialState.Accepted], _network.Dials.Select(dial => dial.State));
    }

    [Fact]
    public async Task A_connection_stops_counting_within_its_disposal()
    {
        for (int i = 0; i < 100; i++)
        {
            await using Stream stream = await _network.ConnectAsync("a", 1, TestContext.Current.CancellationToken);
        }

        Assert.Equal((0, 1, 1), (_network.OpenConnections, _network.MaxOpenConnections, _network.MaxOpenOrDialing));
    }

    [Fact]
    public async Task Tls_runs_over_it()
    {
        using var handler =
            new SocketsHttpHandler { ConnectCallback = _network.ConnectAsync, UseProxy = false, SslOptions = TestCertificates.Trusting() };
        using var client = new HttpClient(handler);
        Task<string> get = client.GetStringAsync(new Uri("https://server.test/"));
        ScriptedPeer peer = await _network.AcceptAsync();
        await peer.AuthenticateAsServerAsync(TestCertificates.Presenting(SslApplicationProtocol.Http11));
        await peer.AnswerAsync(200, "secret");
        Assert.Equal("secret", await get);
    }

    [Fact]
    public void It_makes_handlers_on_its_own_clock()
    {
        using PooledHttpHandler handler = _network.CreateHandler(handler => handler.MaxConnectionsPerServer = 3);
        Assert.Same(_network.Time, handler.TimeProvider);
        Assert.Equal((false, false, 3), (handler.UseProxy, handler.UseCookies, handler.MaxConnectionsPerServer));
    }

    private HttpClient CreateClient() => new(new SocketsHttpHandler { ConnectCallback = _network.ConnectAsync, UseProxy = false });
}
