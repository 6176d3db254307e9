using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>The caller's token at each point of an exchange: the caller is free at once, and the exception carries the token.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task Before_the_start_nothing_happens()
    {
        using var rig = new Rig();
        var cancelled = new CancellationToken(canceled: true);
        TaskCanceledException error =
            await RigReading.ThrowsAsync<TaskCanceledException>(() => rig.Invoker.SendAsync(Rig.Get(), cancelled));
        Assert.Equal(cancelled, error.CancellationToken);
        Assert.Equal(0, rig.Network.DialCount);
        Assert.Throws<TaskCanceledException>(() => rig.Invoker.Send(Rig.Get(), cancelled));
    }

    [Fact]
    public async Task While_the_connection_is_dialed_the_dial_goes_on_for_the_next()
    {
        using var rig = new Rig();
        rig.Network.HoldDials = true;
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get(), cancel.Token);
        Dial dial = await rig.Network.NextDialAsync();
        await AssertCancelledAsync(cancel, sending);
        Assert.Equal((0, 1), (rig.Origin.Pending, rig.Origin.Dialing));
        ScriptedPeer peer = dial.Accept();
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task In_the_queue_the_place_goes_to_the_next()
    {
        using var rig = new Rig(handler => handler.MaxConnectionsPerServer = 1);
        Task<HttpResponseMessage> first = rig.SendAsync(Rig.Get("first"));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> second = rig.SendAsync(Rig.Get("second"), cancel.Token);
        Task<HttpResponseMessage> third = rig.SendAsync(Rig.Get("third"));
        Assert.Equal(2, rig.Origin.Pending);
        await AssertCancelledAsync(cancel, second);
        await peer.SendResponseAsync();
        (await first).Dispose();
        Assert.Equal("/third", (await peer.AnswerAsync()).Target);
        (await third).Dispose();
        rig.AssertIdle();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_the_request_is_written_the_connection_closes(bool blockedInTheContent)
    {
        using var rig = new Rig(transport: new MemoryTransportOptions { WriteCapacity = 1000 });
        using var cancel = new CancellationTokenSource();
        HttpContent content = blockedInTheContent
            ? new PushContent(static _ => new TaskCompletionSource().Task)
            : new ByteArrayContent(new byte[100_000]);
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(content), cancel.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await AssertCancelledAsync(cancel, sending);
        rig.AssertClosedFor(CloseReason.Cancelled);
        await peer.WaitForCloseAsync();
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task The_content_is_given_the_token_and_may_be_the_first_to_heed_it()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        PushContent? content = null;
        content = new PushContent(_ =>
        {
            asked.SetResult();
            return Task.Delay(Timeout.Infinite, content!.Token);
        });
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(content), cancel.Token);
        await rig.Network.AcceptAsync();
        await Guard.Within(asked.Task, static () => "the content is asked");
        Assert.Equal(cancel.Token, content.Token);
        await AssertCancelledAsync(cancel, sending);
        rig.AssertClosedFor(CloseReason.Cancelled);
    }

    [Fact]
    public async Task While_the_head_is_awaited_the_connection_survives_if_the_answer_comes_in_time()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer) = await BeginAsync(rig, cancel.Token);
        await AssertCancelledAsync(cancel, sending);
        Assert.Equal("Draining", Assert.Single(rig.Origin.Connections).State);
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nlate ");
        await peer.SendAsync("again");
        await rig.ExpectIdleAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nlate")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    public async Task It_closes_if_the_answer_does_not_come_whole_in_time(string answer)
    {
        using var rig = new Rig(handler => handler.CancellationDrainTimeout = TimeSpan.FromSeconds(2));
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer) = await BeginAsync(rig, cancel.Token);
        await AssertCancelledAsync(cancel, sending);
        await peer.SendAsync(answer);
        rig.Time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(1, rig.Origin.Open);
        rig.Time.Advance(TimeSpan.FromSeconds(0.1));
        rig.AssertClosedFor(CloseReason.Cancelled);
        await rig.AssertNextIsCleanAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", CloseReason.Cancelled)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", CloseReason.Cancelled)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", CloseReason.ProtocolError)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz", CloseReason.ProtocolError)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", CloseReason.UnsolicitedData)]
    public async Task It_closes_at_once_if_the_answer_is_too_long_or_bad(string answer, CloseReason reason)
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer) = await BeginAsync(rig, cancel.Token);
        await AssertCancelledAsync(cancel, sending);
        await peer.SendAsync(answer);
        await rig.ExpectClosedForAsync(reason);
    }

    [Fact]
    public async Task With_a_zero_drain_timeout_it_closes_at_once()
    {
        using var rig = new Rig(handler => handler.CancellationDrainTimeout = TimeSpan.Zero);
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> sending, _) = await BeginAsync(rig, cancel.Token);
        await AssertCancelledAsync(cancel, sending);
        rig.AssertClosedFor(CloseReason.Cancelled);
    }

    [Fact]
    public async Task A_server_that_closes_while_a_cancelled_answer_is_drained()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer) = await BeginAsync(rig, cancel.Token);
        await AssertCancelledAsync(cancel, sending);
        peer.Close();
        await rig.ExpectClosedForAsync(CloseReason.ServerClosed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancelled_read_of_the_body_leaves_the_rest_to_a_drain(bool restArrives)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("hello", await body.ReadTextAsync());
        using var cancel = new CancellationTokenSource();
        Task<int> read = body.ReadAsync(new byte[10], cancel.Token).AsTask();
        await AssertCancelledAsync(cancel, read);
        await RigReading.ThrowsAsync<HttpIOException>(() => body.ReadAsync(new byte[10]).AsTask());
        if (restArrives)
        {
            await peer.SendAsync("world");
            await rig.ExpectIdleAsync();
            response.Dispose();
            await rig.AssertReusedAsync(peer);
        }
        else
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(250));
            rig.AssertClosedFor(CloseReason.Cancelled);
        }
    }

    [Fact]
    public async Task A_token_cancelled_before_a_read_costs_only_that_read()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, _) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        Stream body = await response.Content.ReadAsStreamAsync();
        await RigReading.ThrowsAsync<OperationCanceledException>(
            () => body.ReadAsync(new byte[10], new CancellationToken(canceled: true)).AsTask());
        Assert.Equal("hel", await body.ReadTextAsync());
    }

    [Fact]
    public async Task A_buffering_client_is_cancelled_in_the_body_with_its_own_token()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = rig.Client.GetAsync(Rig.Uri, cancel.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        await Eventually.IsTrue(() => peer.End is { UnreadByClient: 0, IsClientReading: true }, "the client waits for the rest");
        await AssertCancelledAsync(cancel, sending);
        await peer.SendAsync("world");
        await rig.ExpectIdleAsync();
    }

    [Fact]
    public async Task A_cancellation_after_the_head_does_not_touch_the_response()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> sending, ScriptedPeer peer) = await BeginAsync(rig, cancel.Token);
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        using HttpResponseMessage response = await sending;
        await cancel.CancelAsync();
        await peer.SendAsync("hello");
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        rig.AssertIdle();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HttpClients_timeout_is_a_cancellation_with_a_TimeoutException(bool inTheBody)
    {
        using var rig = new Rig();
        using var client = new HttpClient(rig.Handler, disposeHandler: false) { Timeout = TimeSpan.FromMilliseconds(50) };
        Task<string> sending = client.GetStringAsync(Rig.Uri);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        if (inTheBody)
        {
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        }

        TaskCanceledException error = await RigReading.ThrowsAsync<TaskCanceledException>(() => sending);
        Assert.IsType<TimeoutException>(error.InnerException);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        rig.AssertClosedFor(CloseReason.Cancelled);
    }

    [Fact]
    public async Task The_synchronous_way_in_is_cancelled_too()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = Task.Run(() => rig.Client.Send(Rig.Get(), cancel.Token));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await AssertCancelledAsync(cancel, sending);
    }

    private static async Task<(Task<HttpResponseMessage> Sending, ScriptedPeer Peer)> BeginAsync(
        Rig rig, CancellationToken cancellationToken)
    {
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get(), cancellationToken);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await Eventually.IsTrue(() => peer.End.IsClientReading, "the client waits for the answer");
        return (sending, peer);
    }

    private static async Task AssertCancelledAsync(CancellationTokenSource cancel, Task pending)
    {
        Assert.False(pending.IsCompleted);
        await cancel.CancelAsync();
        TaskCanceledException error = await RigReading.ThrowsAsync<TaskCanceledException>(() => pending);
        Assert.Equal(cancel.Token, error.CancellationToken);
    }
}
