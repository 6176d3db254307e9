using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>The forms a URI, a Host and a version can take.</summary>
public sealed class AddressFormTests
{
    [Theory]
    [InlineData("http://server.test", "server.test", 80, "/", "server.test")]
    [InlineData("http://server.test?q=1", "server.test", 80, "/?q=1", "server.test")]
    [InlineData("http://server.test/a/b?q=%20#fragment", "server.test", 80, "/a/b?q=%20", "server.test")]
    [InlineData("http://server.test:8080/", "server.test", 8080, "/", "server.test:8080")]
    [InlineData("http://server.test:80/", "server.test", 80, "/", "server.test")]
    [InlineData("http://SERVER.test/A", "server.test", 80, "/A", "server.test")]
    [InlineData("http://user:secret@server.test/", "server.test", 80, "/", "server.test")]
    [InlineData("http://[::1]:81/", "::1", 81, "/", "[::1]:81")]
    [InlineData("http://[2001:db8::1]/x", "2001:db8::1", 80, "/x", "[2001:db8::1]")]
    [InlineData("http://10.0.0.1/x", "10.0.0.1", 80, "/x", "10.0.0.1")]
    [InlineData("http://b\u00fccher.test/\u00fc", "xn--bcher-kva.test", 80, "/%C3%BC", "xn--bcher-kva.test")]
    public async Task Dial_target_and_host_follow_the_uri(string uri, string dialed, int port, string target, string host)
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest request = await peer.AnswerAsync();
        (await sending).Dispose();
        Assert.Equal((dialed, port), (peer.Host, peer.Port));
        Assert.Equal((target, host), (request.Target, request.Headers["Host"]));
        Assert.Equal(("Host", 1), (request.HeaderLines[0].Name, request.HeaderLines.Count));
    }

    [Fact]
    public async Task A_host_of_the_users_own_is_sent_and_the_uri_dialed()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Headers.Host = "other.test:81";
        (_, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""), request);
        Assert.Equal("server.test", peer.Host);
        Assert.Equal("GET / HTTP/1.1\r\nHost: other.test:81\r\n\r\n", peer.Seen);
    }

    [Fact]
    public async Task An_address_of_version_6_is_reached_over_real_sockets()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
        try
        {
            listener.Start();
        }
        catch (SocketException)
        {
            Assert.Skip("no IPv6 loopback here");
        }

        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler);
        Task<string> get = client.GetStringAsync(new Uri($"http://[::1]:{port}/"));
        using Socket accepted = await listener.AcceptSocketAsync();
        byte[] buffer = new byte[1000];
        int read = await accepted.ReceiveAsync(buffer);
        Assert.Contains($"Host: [::1]:{port}\r\n", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
        await accepted.SendAsync(Encoding.ASCII.GetBytes(Rig.Ok("six")));
        Assert.Equal("six", await get);
    }

    [Theory]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrLower, true)]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionOrLower, true)]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrHigher, true)]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionExact, true)]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionExact, false)]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionOrHigher, false)]
    public async Task A_version_is_served_by_1_1_where_the_policy_allows(string version, HttpVersionPolicy policy, bool served)
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Version = Version.Parse(version);
        request.VersionPolicy = policy;
        if (!served)
        {
            TransportException error = await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(request));
            Assert.Equal(HttpRequestError.VersionNegotiationError, error.HttpRequestError);
            Assert.Equal(0, rig.Network.DialCount);
            return;
        }

        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""), request);
        Assert.Equal(HttpVersion.Version11, response.Version);
        Assert.StartsWith("GET / HTTP/1.1\r\n", peer.Seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("get", "GET")]
    [InlineData("Post", "POST")]
    [InlineData("purge", "purge")]
    [InlineData("M-SEARCH", "M-SEARCH")]
    public async Task Known_methods_are_sent_in_upper_case_and_others_as_they_are(string method, string sent)
    {
        using var rig = new Rig();
        (_, ScriptedPeer peer) = await rig.StartAsync(Rig.Ok(""), new HttpRequestMessage(new HttpMethod(method), Rig.Uri));
        Assert.StartsWith(sent + " / HTTP/1.1\r\n", peer.Seen, StringComparison.Ordinal);
    }
}
