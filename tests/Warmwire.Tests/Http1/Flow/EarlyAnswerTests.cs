using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>Servers that answer, close or break the connection while the request is still being written (RFC 9112 §9.5).</summary>
public sealed class EarlyAnswerTests
{
    private static readonly MemoryTransportOptions s_narrow = new() { WriteCapacity = 1000 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refusal_reaches_the_caller_although_the_upload_is_blocked(bool buffered)
    {
        using var rig = new Rig(transport: s_narrow);
        using HttpRequestMessage request = Rig.Post(new ByteArrayContent(new byte[1_000_000]));
        Task<HttpResponseMessage> sending = buffered ? rig.Client.SendAsync(request) : rig.SendAsync(request);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendResponseAsync(413, "too much");
        using HttpResponseMessage response = await Guard.Within(sending, () => "the refusal");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("too much", await response.Content.ReadAsStringAsync());
        await Eventually.IsTrue(() => rig.Time.NextDue <= TimeSpan.FromMilliseconds(250), "the limit on the rest of the upload");
        rig.Time.Advance(TimeSpan.FromMilliseconds(250));
        rig.AssertClosedFor(CloseReason.RequestUnfinished);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task A_refused_content_is_stopped_at_its_next_write()
    {
        using var rig = new Rig();
        var next = new TaskCompletionSource();
        var stopped = new TaskCompletionSource<Exception>();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(async stream =>
        {
            await stream.WriteAsync(new byte[10]);
            await next.Task;
            try
            {
                await stream.WriteAsync(new byte[10]);
            }
            catch (Exception e)
            {
                stopped.SetResult(e);
                throw;
            }
        })));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendResponseAsync(403);
        Assert.Equal(HttpStatusCode.Forbidden, (await sending).StatusCode);
        next.SetResult();
        Assert.IsType<IOException>(await Guard.Within(stopped.Task, () => "the write to fail"));
        await rig.ExpectClosedForAsync(CloseReason.RequestUnfinished);
    }

    [Fact]
    public async Task A_content_that_swallows_the_stop_is_unfinished_all_the_same()
    {
        using var rig = new Rig();
        var next = new TaskCompletionSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(
            async stream =>
            {
                await stream.WriteAsync(new byte[10]);
                await next.Task;
                try
                {
                    await stream.WriteAsync(new byte[10]);
                }
                catch (IOException)
                {
                    // as if nothing had happened
                }
            },
            length: 20)));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendResponseAsync(403);
        Assert.Equal(HttpStatusCode.Forbidden, (await sending).StatusCode);
        next.SetResult();
        await rig.ExpectClosedForAsync(CloseReason.RequestUnfinished);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_early_200_waits_for_the_end_of_the_upload_and_the_connection_is_reused(bool bodyFirst)
    {
        using var rig = new Rig();
        var rest = new TaskCompletionSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(async stream =>
        {
            await stream.WriteAsync("one"u8.ToArray());
            await rest.Task;
            await stream.WriteAsync("two"u8.ToArray());
        })));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        ReceivedRequest request = await peer.ReadRequestHeadAsync();
        await peer.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{(bodyFirst ? "done" : "")}");
        await Eventually.IsTrue(() => rig.Time.NextDue <= TimeSpan.FromSeconds(15), "the watch over the rest of the upload");

        // A content that takes its time is not stalled.
        rig.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.False(sending.IsCompleted, "the response, beside half a request");
        Assert.Equal((1, 0), (rig.Origin.Open, rig.Origin.Idle));
        rest.SetResult();
        await peer.ReadBodyAsync(request);
        Assert.Equal("onetwo", request.BodyText);
        using HttpResponseMessage response = await sending;
        if (!bodyFirst)
        {
            await peer.SendAsync("done");
        }

        Assert.Equal("done", await response.Content.ReadAsStringAsync());
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task An_early_200_of_a_server_that_takes_nothing_more_fails_after_the_limit()
    {
        using var rig = new Rig(transport: s_narrow);
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new ByteArrayContent(new byte[1_000_000])));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendResponseAsync();
        await Eventually.IsTrue(() => rig.Time.NextDue <= TimeSpan.FromSeconds(15), "the watch over the rest of the upload");
        rig.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(sending.IsCompleted);
        rig.Time.Advance(TimeSpan.FromSeconds(16));
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal((TransportPhase.WriteRequest, RequestSent.Partly, true), (error.Phase, error.RequestSent, error.IsTimeout));
        rig.AssertClosedFor(CloseReason.RequestUnfinished);
        await rig.AssertNextIsCleanAsync();
    }

    [Fact]
    public async Task An_early_200_of_a_server_that_closes_is_no_success()
    {
        using var rig = new Rig(transport: s_narrow with { FailWritesAfterPeerClosed = true });
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new ByteArrayContent(new byte[1_000_000])));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendResponseAsync();
        peer.Reset(keepDelivered: true);
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal((TransportPhase.WriteRequest, RequestSent.Partly), (error.Phase, error.RequestSent));
        rig.AssertClosedFor(CloseReason.WriteError);
    }

    [Fact]
    public async Task A_caller_who_gives_up_while_an_early_200_waits_is_free_at_once()
    {
        using var rig = new Rig();
        using var source = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(
            Rig.Post(new PushContent(static _ => new TaskCompletionSource().Task)), source.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendResponseAsync();
        await Eventually.IsTrue(() => rig.Time.NextDue <= TimeSpan.FromSeconds(15), "the watch over the rest of the upload");
        await source.CancelAsync();
        await RigReading.ThrowsAsync<TaskCanceledException>(() => sending);
        rig.AssertClosedFor(CloseReason.Cancelled);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    public async Task An_answer_that_overtakes_the_end_of_the_send_keeps_the_connection(int status)
    {
        GatedStream? stream = null;
        using var rig = new Rig(handler =>
        {
            GatedStream.In(made => stream = made)(handler);
            handler.CancellationDrainTimeout = TimeSpan.Zero;
        });
        ScriptedPeer peer = await rig.WarmUpAsync();
        stream!.HoldWrites();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Get());
        await peer.AnswerAsync(status, "early");
        rig.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal((1, 0), (rig.Origin.Open, rig.Origin.Idle));
        Assert.False(sending.IsCompleted, "the connection is free before the caller has the response");
        stream.ReleaseWrites();
        using HttpResponseMessage response = await sending;
        Assert.Equal(status, (int)response.StatusCode);
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    public async Task A_refusal_that_overtakes_the_last_byte_of_an_upload_keeps_the_connection(int status)
    {
        GatedStream? stream = null;
        using var rig = new Rig(GatedStream.In(made => stream = made));
        ScriptedPeer peer = await rig.WarmUpAsync();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(
            async body =>
            {
                await body.WriteAsync(new byte[60_000]);
                stream!.HoldWrites();
                await body.WriteAsync(new byte[60_000]); // one write of the stream, whose end does not come
                await body.FlushAsync();
            },
            length: 120_000)));
        Assert.Equal(120_000, (await peer.AnswerAsync(status)).Body.Length);
        stream!.ReleaseWrites();
        (await sending).Dispose();
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_goes_away_in_mid_upload_without_an_answer_is_an_error(bool reset)
    {
        using var rig = new Rig(transport: s_narrow with { FailWritesAfterPeerClosed = true });
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new ByteArrayContent(new byte[1_000_000])));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        if (reset)
        {
            peer.Reset();
        }
        else
        {
            peer.Close();
        }

        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal((RequestSent.Partly, false), (error.RequestSent, error.NotProcessed));
        CloseReason reason = Assert.Single(rig.Origin.ClosedBy).Key;
        Assert.Contains(reason, new[] { CloseReason.ServerClosed, CloseReason.ReadError, CloseReason.WriteError });
        await rig.AssertNextIsCleanAsync();
        Assert.Equal(0, rig.Origin.Replays);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_in_front_of_the_close_or_reset_reaches_the_caller(bool reset)
    {
        using var rig = new Rig(transport: s_narrow with { FailWritesAfterPeerClosed = true });
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new ByteArrayContent(new byte[1_000_000])));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmuch");
        if (reset)
        {
            peer.Reset(keepDelivered: true);
        }
        else
        {
            peer.Close();
        }

        using HttpResponseMessage response = await sending;
        Assert.Equal("much", await response.Content.ReadAsStringAsync());
        await Eventually.IsTrue(() => rig.Origin.Open == 0, "the close");
    }

    [Fact]
    public async Task A_failed_write_waits_a_moment_for_the_answer_and_then_fails()
    {
        using var rig = new Rig(handler => handler.ConnectCallback = static (_, _) => ValueTask.FromResult<Stream>(new WriteFails()));
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new StringContent("x")));
        await Eventually.IsTrue(() => rig.Time.NextDue <= TimeSpan.FromMilliseconds(500), "the wait for an answer");
        Assert.False(sending.IsCompleted);
        rig.Time.Advance(TimeSpan.FromMilliseconds(500));
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal((TransportPhase.WriteRequest, RequestSent.Partly), (error.Phase, error.RequestSent));
        Assert.Equal("broken", Assert.IsType<IOException>(error.InnerException).Message);
        rig.AssertClosedFor(CloseReason.WriteError);
    }

    [Fact]
    public async Task A_content_that_throws_behind_an_early_answer_fails_the_exchange()
    {
        using var rig = new Rig();
        var fail = new TaskCompletionSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new PushContent(_ => fail.Task)));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadHeadAsync();
        await peer.SendResponseAsync();
        await Eventually.IsTrue(() => rig.Time.NextDue <= TimeSpan.FromSeconds(15), "the watch over the rest of the upload");
        fail.SetException(new InvalidOperationException("mine"));
        TransportException error = await RigReading.ThrowsAsync<TransportException>(() => sending);
        Assert.Equal(TransportPhase.WriteRequest, error.Phase);
        Assert.IsType<InvalidOperationException>(error.InnerException);
        rig.AssertClosedFor(CloseReason.RequestContentFailed);
    }

    private sealed class WriteFails : MemoryStream
    {
        private readonly TaskCompletionSource<int> _read = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(_read.Task);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException(new IOException("broken"));

        protected override void Dispose(bool disposing)
        {
            _read.TrySetException(new IOException("closed"));
            base.Dispose(disposing);
        }
    }
}
