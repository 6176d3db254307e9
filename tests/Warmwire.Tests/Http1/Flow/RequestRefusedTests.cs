using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Requests that must not be sent as they are: not one byte leaves, and the connection they would have used is unharmed.</summary>
public sealed class RequestRefusedTests
{
    public static TheoryData<string, string> Headers => new()
    {
        { "X-A", "b\r\nEvil: c" },
        { "X-A", "b\nEvil: c" },
        { "X-A", "b\rc" },
        { "X-A", "b\0c" },
        { "X-A", "b\u010a" },
        { "X-A", "\u65e5" },
        { "Host", "a b" },
        { "Host", "a\r\nEvil: c" },
        { "Cookie", "a=b\r\nEvil: c" },
        { "User-Agent", "a\nEvil: c" },
        { "Transfer-Encoding", "chunked" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task A_header_that_would_forge_lines_is_refused_before_a_byte_leaves(string name, string value)
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        long sent = peer.End.BytesFromClient;
        using HttpRequestMessage request = Rig.Get();
        Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(request));
        Assert.Equal(sent, peer.End.BytesFromClient);
        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task A_refused_request_leaves_a_fresh_connection_to_the_next()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Headers.TryAddWithoutValidation("X-A", "b\r\nEvil: c");
        HttpRequestException error = await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(request));
        Assert.Contains("X-A", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Evil", error.Message, StringComparison.Ordinal);
        await rig.AssertReusedAsync(await rig.Network.AcceptAsync());

        // Sent again it would have been refused again.
        Assert.Equal((0, 1), (rig.Origin.Replays, rig.Network.DialCount));
    }

    [Fact]
    public async Task Refusing_many_times_still_leaves_one_watch_on_the_connection()
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        for (int i = 0; i < 3; i++)
        {
            using HttpRequestMessage request = Rig.Get();
            request.Headers.TryAddWithoutValidation("X-A", "\n");
            await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(request));
        }

        peer.Close();
        await rig.ExpectClosedForAsync(CloseReason.ServerClosed);
    }

    [Theory]
    [InlineData("/a b")]
    [InlineData("/a\r\nEvil: c")]
    [InlineData("/a\0")]
    [InlineData("/\u00e9")]
    public async Task A_raw_path_that_would_forge_a_request_is_refused(string path)
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        long sent = peer.End.BytesFromClient;
        var raw = new Uri("http://server.test" + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(HttpMethod.Get, raw);
        await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(request));
        Assert.Equal(sent, peer.End.BytesFromClient);
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task A_content_header_and_a_propagated_header_are_looked_at_too()
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        using HttpRequestMessage request = Rig.Post(new StringContent("x"));
        request.Content!.Headers.TryAddWithoutValidation("Content-Language", "de\r\nEvil: c");
        await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(request));
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task Several_hosts_are_refused()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Headers.TryAddWithoutValidation("Host", ["a", "b"]);
        await RigReading.ThrowsAsync<TransportException>(() => rig.SendAsync(request));
    }

    [Fact]
    public async Task A_failing_content_length_is_the_callers_own_exception()
    {
        using var rig = new Rig();
        ScriptedPeer peer = await rig.WarmUpAsync();
        using HttpRequestMessage request = Rig.Post(new LengthThrows());
        await RigReading.ThrowsAsync<InvalidTimeZoneException>(() => rig.SendAsync(request));
        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task Http_1_0_without_a_length_cannot_be_framed()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Post(new PushContent(static stream => stream.WriteAsync("x"u8.ToArray()).AsTask()));
        request.Version = new Version(1, 0);
        await RigReading.ThrowsAsync<NotSupportedException>(() => rig.SendAsync(request));
    }

    [Theory]
    [InlineData("ftp://server.test/", typeof(NotSupportedException))]
    [InlineData("/relative", typeof(InvalidOperationException))]
    public async Task A_uri_that_is_not_http_is_refused_as_dotnet_does(string uri, Type expected)
    {
        using var rig = new Rig();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(uri, UriKind.RelativeOrAbsolute));
        await Assert.ThrowsAsync(expected, () => rig.Invoker.SendAsync(request, CancellationToken.None));
        Assert.Equal(0, rig.Network.DialCount);
    }

    [Fact]
    public async Task No_request_and_no_uri_are_refused()
    {
        using var rig = new Rig();
        await Assert.ThrowsAsync<ArgumentNullException>(() => rig.Invoker.SendAsync(null!, CancellationToken.None));
        using var request = new HttpRequestMessage();
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Invoker.SendAsync(request, CancellationToken.None));
    }

    private sealed class LengthThrows : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length) => throw new InvalidTimeZoneException();
    }
}
