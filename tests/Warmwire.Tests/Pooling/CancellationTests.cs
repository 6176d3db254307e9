using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>A cancelled request gives its caller back at once, and its connection to the pool where that is cheap (DESIGN.md §4).</summary>
public class CancellationTests
{
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    [Fact]
    public async Task The_connection_of_a_cancelled_request_is_reused_when_the_response_comes_in_time()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = await CancelWaiting(rig);
        Assert.Equal("Draining", Assert.Single(rig.Origin().Connections).State);
        rig.Time.Advance(Ms(249));
        await peer.SendResponseAsync(body: "for nobody");
        await rig.Until(snapshot => snapshot.Idle == 1);
        rig.Time.Advance(Seconds(1));
        Assert.True((await rig.Exchange(peer)).Reused);
        rig.AssertClosed();
    }

    [Fact]
    public async Task The_next_response_on_it_is_not_the_one_nobody_waited_for()
    {
        using var rig = new PoolRig(handler => handler.MaxConnectionsPerServer = 1);
        ScriptedPeer peer = await CancelWaiting(rig);
        Task<HttpResponseMessage> next = rig.Get();
        await peer.SendResponseAsync(body: "old");
        await peer.AnswerAsync(body: "new");
        Assert.Equal("new", await (await rig.Done(next)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_response_that_comes_too_late_finds_the_connection_closed()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = await CancelWaiting(rig);
        rig.Time.Advance(Ms(250));
        await peer.ExpectClosedAsync();
        rig.AssertClosed((CloseReason.Cancelled, 1));
    }

    [Fact]
    public async Task A_response_that_dribbles_past_the_time_closes_the_connection()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = await CancelWaiting(rig);
        await peer.SendAsync(Chunked);
        rig.Time.Advance(Ms(200));
        await peer.SendAsync("1\r\nx\r\n");
        rig.Time.Advance(Ms(50));
        await peer.WaitForCloseAsync();
        rig.AssertClosed((CloseReason.Cancelled, 1));
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task A_response_is_drained_up_to_the_size_for_cancelled_ones(int size, bool reused)
    {
        using var rig = new PoolRig(handler => handler.MaxCancellationDrainSize = 100);
        ScriptedPeer peer = await CancelWaiting(rig);
        await peer.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
        if (reused)
        {
            await peer.SendAsync(new string('x', size));
            await rig.Until(snapshot => snapshot.Idle == 1);
        }
        else
        {
            // Not one byte of a body that is too long is waited for.
            await rig.Done(peer.ClientClosed);
            rig.AssertClosed((CloseReason.Cancelled, 1));
        }
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task A_response_of_unknown_length_is_drained_up_to_the_size_too(int size, bool reused)
    {
        using var rig = new PoolRig(handler => handler.MaxCancellationDrainSize = 100);
        ScriptedPeer peer = await CancelWaiting(rig);
        await peer.SendAsync($"{Chunked}{size:x}\r\n{new string('x', size)}\r\n");
        if (reused)
        {
            await peer.SendAsync("0\r\n\r\n");
        }

        await rig.Until(snapshot => reused ? snapshot.Idle == 1 : snapshot.Open == 0);
        rig.AssertClosed(reused ? [] : [(CloseReason.Cancelled, 1)]);
    }

    [Fact]
    public async Task Without_a_drain_time_the_connection_is_closed_at_once()
    {
        using var rig = new PoolRig(handler => handler.CancellationDrainTimeout = TimeSpan.Zero);
        ScriptedPeer peer = await CancelWaiting(rig);
        await peer.ExpectClosedAsync();
        rig.AssertClosed((CloseReason.Cancelled, 1));
    }

    [Fact]
    public async Task A_response_that_ends_with_the_connection_is_not_drained()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = await CancelWaiting(rig);
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\nendless");
        await rig.Done(peer.ClientClosed);
        rig.AssertClosed((CloseReason.Cancelled, 1));
    }

    [Fact]
    public async Task A_server_that_says_close_to_a_cancelled_request_is_heeded()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = await CancelWaiting(rig);
        await peer.SendResponseAsync(headers: "Connection: close");
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.ConnectionCloseHeader, 1));
    }

    [Fact]
    public async Task A_request_cancelled_while_it_is_written_closes_its_connection()
    {
        using var rig = new PoolRig(transport: new MemoryTransportOptions { WriteCapacity = 1000 });
        using var source = new CancellationTokenSource();
        Task<HttpResponseMessage> response = rig.Send(Request(HttpMethod.Put, A, new ByteArrayContent(new byte[100_000])), source.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await Eventually.IsTrue(() => peer.End.UnreadFromClient == 1000, "the request fills the way");
        await source.CancelAsync();
        Assert.Equal(source.Token, (await rig.IsCancelled(response)).CancellationToken);
        await peer.WaitForCloseAsync();
        rig.AssertClosed((CloseReason.Cancelled, 1));
    }

    [Fact]
    public async Task A_request_cancelled_while_its_content_thinks_closes_its_connection()
    {
        using var rig = new PoolRig();
        using var source = new CancellationTokenSource();
        var never = new TaskCompletionSource();
        Task<HttpResponseMessage> response = rig.Send(Request(HttpMethod.Post, A, new ScriptedContent(_ => never.Task)), source.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestHeadAsync();
        await source.CancelAsync();
        await rig.IsCancelled(response);
        await peer.WaitForCloseAsync();
        rig.AssertClosed((CloseReason.Cancelled, 1));
    }

    [Fact]
    public async Task A_read_of_the_body_that_is_cancelled_leaves_the_rest_to_a_drain_and_the_connection_is_reused()
    {
        using var rig = new PoolRig();
        using var source = new CancellationTokenSource();
        (Task<HttpResponseMessage> pending, ScriptedPeer peer) = await rig.Busy();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
        using HttpResponseMessage response = await rig.Done(pending);
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal(5, await body.ReadAsync(new byte[100]));
        Task<int> read = body.ReadAsync(new byte[100], source.Token).AsTask();
        await source.CancelAsync();
        Assert.Equal(source.Token, (await rig.IsCancelled(read)).CancellationToken);
        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadAsync(new byte[1]).AsTask());
        await peer.SendAsync("56789");
        await rig.Until(snapshot => snapshot.Idle == 1);
        Assert.True((await rig.Exchange(peer)).Reused);
        rig.AssertClosed();
    }

    [Fact]
    public async Task A_read_of_the_body_that_is_cancelled_closes_when_too_much_is_left_or_it_takes_too_long()
    {
        using var rig = new PoolRig(handler => handler.MaxCancellationDrainSize = 4);
        foreach (string answer in (string[])
            [
                "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234",
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n01234",
            ])
        {
            using var source = new CancellationTokenSource();
            (Task<HttpResponseMessage> pending, ScriptedPeer peer) = await rig.Busy();
            await peer.SendAsync(answer);
            using HttpResponseMessage response = await rig.Done(pending);
            Stream body = await response.Content.ReadAsStreamAsync();
            Assert.Equal(5, await body.ReadAsync(new byte[100]));
            Task<int> read = body.ReadAsync(new byte[100], source.Token).AsTask();
            await source.CancelAsync();
            await rig.IsCancelled(read);
            rig.Time.Advance(Ms(250));
            await peer.WaitForCloseAsync();
        }

        rig.AssertClosed((CloseReason.Cancelled, 2));
    }

    [Fact]
    public async Task A_buffered_response_cancelled_in_mid_body_gives_its_connection_back()
    {
        using var rig = new PoolRig();
        using var client = new HttpClient(rig.Handler, disposeHandler: false);
        using var source = new CancellationTokenSource();
        Task<string> text = client.GetStringAsync(A, source.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(Chunked + "3\r\nabc\r\n");
        await rig.Until(snapshot => snapshot.Origins[0].Connections.Any(connection => connection.State == "Body"));
        await Eventually.IsTrue(() => peer.End.UnreadByClient == 0 && peer.End.IsClientReading, "the client waits for more of the body");
        await source.CancelAsync();
        await rig.IsCancelled(text);
        await peer.SendAsync("0\r\n\r\n");
        await rig.Until(snapshot => snapshot.Idle == 1);
        rig.AssertClosed();
    }

    private static async Task<ScriptedPeer> CancelWaiting(PoolRig rig)
    {
        using var source = new CancellationTokenSource();
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy(A, source.Token);
        await source.CancelAsync();
        Assert.Equal(source.Token, (await rig.IsCancelled(response)).CancellationToken);
        return peer;
    }
}
