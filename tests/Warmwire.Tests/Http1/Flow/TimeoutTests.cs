using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>The transport's own timeouts: what starts and ends each, whose value counts, and what the exception says.</summary>
public sealed class TimeoutTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ResponseHeadersTimeout_by_the_handler_or_the_request(bool byRequest)
    {
        using var rig = new Rig(handler => handler.ResponseHeadersTimeout = byRequest ? TimeSpan.FromHours(1) : s_limit);
        using HttpRequestMessage request = Rig.Get();
        if (byRequest)
        {
            request.Options.Set(TransportOptions.ResponseHeadersTimeout, s_limit);
        }

        (Task<HttpResponseMessage> sending, ScriptedPeer peer) = await BeginAsync(rig, request);
        await peer.SendAsync("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nConte");
        rig.Time.Advance(s_limit - s_instant);
        Assert.False(sending.IsCompleted);
        rig.Time.Advance(s_instant);
        TransportException error = await AssertTimeoutAsync(
            sending, TransportPhase.ReadHeaders, RequestSent.Fully, "5.0 s", nameof(PooledHttpHandler.ResponseHeadersTimeout));
        Assert.False(error.NotProcessed);
        rig.AssertClosedFor(CloseReason.RequestTimeout);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task ResponseHeadersTimeout_begins_with_the_requests_last_byte()
    {
        using var rig = new Rig(handler => handler.ResponseHeadersTimeout = s_limit);
        var more = new TaskCompletionSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(_ => more.Task)));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest request = await peer.ReadRequestHeadAsync();
        rig.Time.Advance(10 * s_limit);
        more.SetResult();
        await peer.ReadBodyAsync(request);
        await Eventually.IsTrue(() => rig.Time.NextDue <= s_limit, "the wait for the head begins");
        rig.Time.Advance(s_limit - s_instant);
        Assert.False(sending.IsCompleted);
        rig.Time.Advance(s_instant);
        TransportException error = await AssertTimeoutAsync(
            sending, TransportPhase.ReadHeaders, RequestSent.Fully, "5.0 s", nameof(PooledHttpHandler.ResponseHeadersTimeout));
        Assert.False(error.NotProcessed);
    }

    [Fact]
    public async Task ResponseHeadersTimeout_ends_with_the_head()
    {
        using var rig = new Rig(handler => handler.ResponseHeadersTimeout = s_limit);
        (Task<HttpResponseMessage> sending, ScriptedPeer peer) = await BeginAsync(rig, Rig.Get());
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        using HttpResponseMessage response = await sending;
        rig.Time.Advance(10 * s_limit);
        await peer.SendAsync("hello");
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        rig.AssertIdle();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task ResponseBodyIdleTimeout_begins_anew_with_each_progress(bool byRequest, bool largeReads)
    {
        using var rig = new Rig(handler => handler.ResponseBodyIdleTimeout = byRequest ? TimeSpan.FromHours(1) : s_limit);
        using HttpRequestMessage request = Rig.Get();
        if (byRequest)
        {
            request.Options.Set(TransportOptions.ResponseBodyIdleTimeout, s_limit);
        }

        (HttpResponseMessage response, ScriptedPeer peer) =
            await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", request);
        Stream body = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[largeReads ? 5000 : 10];
        rig.Time.Advance(10 * s_limit); // nobody reads, nobody waits
        for (int i = 0; i < 3; i++)
        {
            Task<int> progress = body.ReadAsync(buffer).AsTask();
            rig.Time.Advance(s_limit - s_instant);
            await peer.SendAsync("x");
            Assert.Equal(1, await progress);
        }

        Task<int> read = body.ReadAsync(buffer).AsTask();
        rig.Time.Advance(s_limit);
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => read);
        AssertTimeout(
            Assert.IsType<TransportException>(error.InnerException),
            TransportPhase.ReadBody,
            RequestSent.Fully,
            "5.0 s",
            nameof(PooledHttpHandler.ResponseBodyIdleTimeout));
        rig.AssertClosedFor(CloseReason.RequestTimeout);
        HttpIOException again = await RigReading.ThrowsAsync<HttpIOException>(() => body.ReadAsync(buffer).AsTask());
        Assert.True(Assert.IsType<TransportException>(again.InnerException).IsTimeout);
    }

    [Fact]
    public async Task ResponseBodyIdleTimeout_reaches_a_buffering_client()
    {
        using var rig = new Rig(handler => handler.ResponseBodyIdleTimeout = s_limit);
        Task<HttpResponseMessage> sending = rig.Client.GetAsync(Rig.Uri);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        await Eventually.IsTrue(() => rig.Time.NextDue <= s_limit, "the wait for the body begins");
        rig.Time.Advance(s_limit);
        await AssertTimeoutAsync(
            sending, TransportPhase.ReadBody, RequestSent.Fully, "5.0 s", nameof(PooledHttpHandler.ResponseBodyIdleTimeout));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PendingRequestTimeout_tells_the_queue(bool byRequest)
    {
        using var rig = new Rig(handler =>
        {
            handler.MaxConnectionsPerServer = 1;
            handler.PendingRequestTimeout = byRequest ? TimeSpan.FromHours(1) : s_limit;
        });
        (Task<HttpResponseMessage> first, ScriptedPeer peer) = await BeginAsync(rig, Rig.Get());
        using HttpRequestMessage request = Rig.Post(new StringContent("x"));
        if (byRequest)
        {
            request.Options.Set(TransportOptions.PendingRequestTimeout, s_limit);
        }

        Task<HttpResponseMessage> second = rig.SendAsync(request);
        await Eventually.IsTrue(() => rig.Time.NextDue <= s_limit, "the wait for a connection begins");
        rig.Time.Advance(s_limit);
        TransportException error = await AssertTimeoutAsync(
            second, TransportPhase.Queue, RequestSent.No, "5.0 s", nameof(PooledHttpHandler.PendingRequestTimeout));
        Assert.Contains("the one connection", error.Message, StringComparison.Ordinal);
        Assert.True(error.NotProcessed);
        Assert.Null(error.ConnectionId);
        await peer.SendResponseAsync();
        (await first).Dispose();
        rig.AssertIdle();
    }

    [Fact]
    public async Task Timeout_in_the_queue()
    {
        using var rig = new Rig(handler => handler.MaxConnectionsPerServer = 1);
        (Task<HttpResponseMessage> first, ScriptedPeer peer) = await BeginAsync(rig, Rig.Get());
        Task<HttpResponseMessage> second = rig.SendAsync(Timed());
        rig.Time.Advance(s_limit);
        await AssertTimeoutAsync(second, TransportPhase.Queue, RequestSent.No, "5.0 s", "TransportOptions.Timeout");
        await peer.SendResponseAsync();
        (await first).Dispose();
        rig.AssertIdle();
    }

    [Fact]
    public async Task Timeout_before_the_head()
    {
        using var rig = new Rig();
        (Task<HttpResponseMessage> sending, _) = await BeginAsync(rig, Timed());
        rig.Time.Advance(s_limit - s_instant);
        Assert.False(sending.IsCompleted);
        rig.Time.Advance(s_instant);
        await AssertTimeoutAsync(sending, TransportPhase.ReadHeaders, RequestSent.Fully, "5.0 s", "TransportOptions.Timeout");
        rig.AssertClosedFor(CloseReason.RequestTimeout);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Timeout_in_the_body_whether_read_or_not(bool reading)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", Timed());
        Stream body = await response.Content.ReadAsStreamAsync();
        rig.Time.Advance(s_limit / 2);
        await peer.SendAsync("hello");
        Assert.Equal("hello", await body.ReadTextAsync());
        Task<int>? read = reading ? body.ReadAsync(new byte[10]).AsTask() : null;
        rig.Time.Advance(s_limit / 2);
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => read ?? body.ReadAsync(new byte[10]).AsTask());
        AssertTimeout(
            Assert.IsType<TransportException>(error.InnerException),
            TransportPhase.ReadBody,
            RequestSent.Fully,
            "5.0 s",
            "TransportOptions.Timeout");
        rig.AssertClosedFor(CloseReason.RequestTimeout);
    }

    [Fact]
    public async Task Timeout_goes_on_over_a_redirect()
    {
        using var rig = new Rig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Timed());
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        rig.Time.Advance(s_limit - s_instant);
        await peer.SendResponseAsync(302, "", "Location: /moved");
        Assert.Equal("/moved", (await peer.ReadRequestAsync()).Target);
        await Eventually.IsTrue(() => peer.End.IsClientReading, "the client waits for the answer");
        Assert.False(sending.IsCompleted);
        rig.Time.Advance(s_instant);
        await AssertTimeoutAsync(sending, TransportPhase.ReadHeaders, RequestSent.Fully, "5.0 s", "TransportOptions.Timeout");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "")]
    public async Task Timeout_ends_with_the_body(string head, string rest)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(head, Timed());
        await peer.SendAsync(rest);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        rig.AssertIdle();
        Task<HttpResponseMessage> next = rig.SendAsync(Rig.Get());
        await peer.ReadRequestAsync();
        rig.Time.Advance(s_limit * 2);
        await peer.SendResponseAsync();
        (await next).Dispose();
        rig.AssertIdle();
    }

    [Fact]
    public async Task A_blocked_upload_ends_with_Timeout()
    {
        using var rig = new Rig(transport: new MemoryTransportOptions { WriteCapacity = 1000 });
        HttpRequestMessage request = Timed();
        request.Method = HttpMethod.Post;
        request.Content = new ByteArrayContent(new byte[100_000]);
        Task<HttpResponseMessage> sending = rig.SendAsync(request);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        rig.Time.Advance(s_limit);
        await AssertTimeoutAsync(sending, TransportPhase.WriteRequest, RequestSent.Partly, "5.0 s", "TransportOptions.Timeout");
        rig.AssertClosedFor(CloseReason.RequestTimeout);
    }

    [Fact]
    public async Task An_option_outside_its_range_fails_the_request_before_anything_happens()
    {
        using var rig = new Rig();
        using HttpRequestMessage request = Rig.Get();
        request.Options.Set(TransportOptions.Timeout, TimeSpan.Zero);
        await RigReading.ThrowsAsync<ArgumentOutOfRangeException>(() => rig.SendAsync(request));
        Assert.Equal(0, rig.Network.DialCount);
    }

    private static HttpRequestMessage Timed()
    {
        HttpRequestMessage request = Rig.Get();
        request.Options.Set(TransportOptions.Timeout, s_limit);
        return request;
    }

    private static async Task<(Task<HttpResponseMessage> Sending, ScriptedPeer Peer)> BeginAsync(Rig rig, HttpRequestMessage request)
    {
        Task<HttpResponseMessage> sending = rig.SendAsync(request);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await Eventually.IsTrue(() => peer.End.IsClientReading, "the client waits for the answer");
        return (sending, peer);
    }

    private static async Task<TransportException> AssertTimeoutAsync(
        Task pending, TransportPhase phase, RequestSent sent, string number, string setting)
    {
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => pending);
        AssertTimeout(error, phase, sent, number, setting);
        return error;
    }

    private static void AssertTimeout(TransportException error, TransportPhase phase, RequestSent sent, string number, string setting)
    {
        Assert.Equal((phase, sent, true), (error.Phase, error.RequestSent, error.IsTimeout));
        Assert.Equal("http://server.test:80", error.Origin);
        Assert.IsType<TimeoutException>(error.InnerException);
        Assert.Contains(number, error.Message, StringComparison.Ordinal);
        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
    }
}
