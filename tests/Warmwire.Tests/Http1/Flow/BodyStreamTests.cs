using System.Text;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>The stream of a response's body as a stream.</summary>
public sealed class BodyStreamTests
{
    public static TheoryData<string> Framings => new("length", "chunked", "close");

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task A_read_into_nothing_waits_for_data_and_takes_none(string framing)
    {
        using var rig = new Rig();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, framing, length: 5);
        Task<int> wait = body.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(wait.IsCompleted);
        await SendAsync(peer, framing, "hello");
        Assert.Equal(0, await Guard.Within(wait, () => "the wait for data"));
        Assert.Equal(0, await body.ReadAsync(Memory<byte>.Empty));
        Assert.Equal("hello", await body.ReadTextAsync());
        await EndAsync(peer, framing);
        Assert.Equal("", await body.ReadTextAsync());
        Assert.Equal(0, await body.ReadAsync(Memory<byte>.Empty));
    }

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task Every_way_to_read_delivers_the_same(string framing)
    {
        using var rig = new Rig();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, framing, length: 5);
        await SendAsync(peer, framing, "hello");
        byte[] buffer = new byte[10];
        Assert.Equal(1, await body.ReadAsync(buffer.AsMemory(0, 1)));
        Assert.Equal('h', (char)buffer[0]);
        Assert.Equal(1, body.Read(buffer, 0, 1));
        Assert.Equal('e', (char)buffer[0]);
        Assert.Equal(1, body.Read(buffer.AsSpan(0, 1)));
        Assert.Equal('l', (char)buffer[0]);
        Assert.Equal('l', (char)body.ReadByte());
        Assert.Equal(1, await Task<int>.Factory.FromAsync(body.BeginRead, body.EndRead, buffer, 0, 10, null));
        Assert.Equal('o', (char)buffer[0]);
        await EndAsync(peer, framing);
        Assert.Equal(0, await body.ReadAsync(buffer));
        Assert.Equal(0, body.Read(buffer, 0, 1));
        Assert.Equal(0, body.Read(buffer.AsSpan()));
        Assert.Equal(-1, body.ReadByte());
        using var copy = new MemoryStream();
        await body.CopyToAsync(copy);
        body.CopyTo(copy);
        Assert.Equal(0, copy.Length);
    }

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task A_synchronous_read_waits(string framing)
    {
        using var rig = new Rig();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, framing);
        Task<string> reading = Task.Run(() =>
        {
            byte[] buffer = new byte[10];
            return Encoding.ASCII.GetString(buffer, 0, body.Read(buffer, 0, 10));
        });
        await SendAsync(peer, framing, "hello");
        Assert.Equal("hello", await Guard.Within(reading, () => "the read"));
    }

    [Fact]
    public async Task It_is_for_reading_only()
    {
        using var rig = new Rig();
        (Stream body, _) = await BeginAsync(rig, "length");
        Assert.Equal((true, false, false), (body.CanRead, body.CanSeek, body.CanWrite));
        Assert.Throws<NotSupportedException>(() => body.Length);
        Assert.Throws<NotSupportedException>(() => body.Position);
        Assert.Throws<NotSupportedException>(() => body.Position = 1);
        Assert.Throws<NotSupportedException>(() => body.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => body.SetLength(1));
        Assert.Throws<NotSupportedException>(() => body.WriteByte(1));
        await body.FlushAsync();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => body.ReadAsync(new byte[1], 1, 1));
        await Assert.ThrowsAsync<ArgumentNullException>(() => body.CopyToAsync(null!));
    }

    [Fact]
    public async Task A_second_read_at_the_same_time_is_refused_and_harms_nothing()
    {
        using var rig = new Rig();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, "length");
        Task<string> first = body.ReadTextAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => body.ReadAsync(new byte[1]).AsTask());
        await Assert.ThrowsAsync<InvalidOperationException>(() => body.CopyToAsync(Stream.Null));
        await peer.SendAsync("hello");
        Assert.Equal("hello", await first);
        await peer.SendAsync("world");
        Assert.Equal("world", await body.ReadTextAsync());
        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task After_disposal_it_throws(string framing)
    {
        using var rig = new Rig();
        (Stream body, _) = await BeginAsync(rig, framing);
        await body.DisposeAsync();
        await body.DisposeAsync();
        Assert.False(body.CanRead);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => body.ReadAsync(new byte[1]).AsTask());
        Assert.Throws<ObjectDisposedException>(() => body.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => body.CopyTo(Stream.Null));
    }

    [Fact]
    public async Task After_the_end_and_disposal_it_throws_too()
    {
        using var rig = new Rig();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, "length");
        await peer.SendAsync("helloworld");
        Assert.Equal("helloworld", await body.ReadTextAsync());
        await body.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => body.ReadAsync(new byte[1]).AsTask());
        rig.AssertIdle();
    }

    [Fact]
    public async Task Disposal_while_a_read_waits_drains_behind_it()
    {
        using var rig = new Rig();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, "length");
        Task<int> read = body.ReadAsync(new byte[5]).AsTask();
        await body.DisposeAsync();
        await peer.SendAsync("hello");
        await Guard.Within(read, () => "the read");
        await peer.SendAsync("world");
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task Disposal_while_a_read_waits_frees_the_reader_in_time()
    {
        using var rig = new Rig();
        (Stream body, _) = await BeginAsync(rig, "length");
        Task<int> read = body.ReadAsync(new byte[5]).AsTask();
        await body.DisposeAsync();
        rig.Time.Advance(TimeSpan.FromSeconds(2));
        await RigReading.ThrowsAsync<HttpIOException>(() => read);
        rig.AssertClosedFor(CloseReason.DrainLimit);
    }

    [Fact]
    public async Task Disposal_and_then_cancellation_while_a_read_waits()
    {
        using var rig = new Rig();
        using var cancel = new CancellationTokenSource();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, "length");
        Task<int> read = body.ReadAsync(new byte[5], cancel.Token).AsTask();
        await body.DisposeAsync();
        await cancel.CancelAsync();
        await RigReading.ThrowsAsync<TaskCanceledException>(() => read);
        await peer.SendAsync("helloworld");
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task Disposal_in_the_middle_drains_where_the_end_can_be_found(string framing)
    {
        using var rig = new Rig();
        (Stream body, ScriptedPeer peer) = await BeginAsync(rig, framing);
        await SendAsync(peer, framing, "he");
        Assert.Equal("he", await body.ReadTextAsync());
        await body.DisposeAsync();
        if (framing == "close")
        {
            rig.AssertClosedFor(CloseReason.BodyNotDrained);
            return;
        }

        await SendAsync(peer, framing, "llo");
        await SendAsync(peer, framing, "world");
        await EndAsync(peer, framing);
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task The_content_gives_the_same_stream_twice_and_is_read_once()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        Stream one = await response.Content.ReadAsStreamAsync();
        Assert.Same(one, await response.Content.ReadAsStreamAsync());
        await peer.SendAsync("helloworld");
        Assert.Equal("helloworld", await one.ReadTextAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => response.Content.ReadAsStringAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => response.Content.CopyToAsync(Stream.Null));
    }

    [Fact]
    public async Task A_buffered_content_is_read_as_often_as_one_likes()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        await peer.SendAsync("helloworld");
        await response.Content.LoadIntoBufferAsync();
        rig.AssertIdle();
        Assert.Equal("helloworld", await response.Content.ReadAsStringAsync());
        Assert.Equal("helloworld", await (await response.Content.ReadAsStreamAsync()).ReadTextAsync());
        using var copy = new MemoryStream();
        await response.Content.CopyToAsync(copy);
        Assert.Equal(10, copy.Length);
    }

    [Fact]
    public async Task CopyToAsync_delivers_all_and_a_failing_destination_leaves_the_connection_to_the_drain()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        Stream body = await response.Content.ReadAsStreamAsync();
        using var full = new MemoryStream(new byte[3]);
        await RigReading.ThrowsAsync<NotSupportedException>(() => body.CopyToAsync(full));
        response.Dispose();
        await peer.SendAsync("world");
        await rig.ExpectIdleAsync();
        await rig.AssertReusedAsync(peer);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello", 5)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello", 100)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", 5)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\nA: b\r\n\r\n", 100)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "", 5)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "", 100)]
    public async Task The_connection_is_idle_before_the_caller_has_the_last_byte(string head, string rest, int bufferSize)
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(head);
        await peer.SendAsync(rest);
        Stream body = await response.Content.ReadAsStreamAsync();
        int read = 0;
        while (read < 5)
        {
            int count = await body.ReadAsync(new byte[bufferSize]);
            Assert.True(count > 0);
            read += count;
        }

        rig.AssertIdle();
        await rig.AssertReusedAsync(peer);
        Assert.Equal("", await body.ReadTextAsync());
    }

    [Fact]
    public async Task The_connection_is_idle_before_the_caller_has_the_last_of_a_large_body()
    {
        using var rig = new Rig();
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        Stream body = await response.Content.ReadAsStreamAsync();
        await peer.SendAsync(new byte[100_000]);
        byte[] all = new byte[100_000];
        await body.ReadExactlyAsync(all);
        rig.AssertIdle();
    }

    private static async Task<(Stream Body, ScriptedPeer Peer)> BeginAsync(Rig rig, string framing, int length = 10)
    {
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync(framing switch
        {
            "length" => $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n",
            "chunked" => Rig.Chunked(""),
            _ => "HTTP/1.1 200 OK\r\n\r\n",
        });
        return (await response.Content.ReadAsStreamAsync(), peer);
    }

    private static Task SendAsync(ScriptedPeer peer, string framing, string text) =>
        peer.SendAsync(framing == "chunked" ? $"{text.Length:x}\r\n{text}\r\n" : text);

    private static async Task EndAsync(ScriptedPeer peer, string framing)
    {
        if (framing == "chunked")
        {
            await peer.SendAsync("0\r\n\r\n");
        }
        else if (framing == "close")
        {
            peer.Close();
        }
    }
}
