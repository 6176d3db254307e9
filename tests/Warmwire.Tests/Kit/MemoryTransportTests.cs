using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Warmwire.Tests.Kit;

public class MemoryTransportTests
{
    private readonly byte[] _buffer = new byte[64];

    [Fact]
    public async Task A_read_completes_with_whatever_is_there()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        ValueTask<int> read = client.ReadAsync(_buffer);
        Assert.False(read.IsCompleted);
        Assert.True(peer.IsClientReading);
        await peer.WriteAsync("abc"u8.ToArray());
        Assert.Equal(3, await read);

        await peer.WriteAsync("de"u8.ToArray());
        await peer.WriteAsync("f"u8.ToArray());
        Assert.Equal("def", await ReadText(client));
        Assert.False(peer.IsClientReading);
    }

    [Fact]
    public async Task Both_directions_work_at_once()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        ValueTask<int> read = client.ReadAsync(_buffer);
        await client.WriteAsync("up"u8.ToArray());
        byte[] up = new byte[8];
        Assert.Equal(2, await peer.ReadAsync(up));
        Assert.Equal((1, 2L), (peer.ClientWrites, peer.BytesFromClient));
        await peer.WriteAsync("down"u8.ToArray());
        Assert.Equal(4, await read);
    }

    [Fact]
    public async Task After_the_peers_close_the_rest_is_read_and_then_the_end()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        await peer.WriteAsync("rest"u8.ToArray());
        peer.Close();
        Assert.Equal("rest", await ReadText(client));
        Assert.Equal(0, await client.ReadAsync(_buffer));
        Assert.Equal(0, await client.ReadAsync(_buffer));
    }

    [Fact]
    public void The_clients_close_is_counted_before_it_is_seen()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        bool? seen = null;
        peer.OnClientClosed = () => seen = peer.ClientClosed.IsCompleted;
        client.Dispose();
        Assert.Equal((false, true), (seen, peer.ClientClosed.IsCompleted));
    }

    [Fact]
    public async Task The_peers_close_ends_a_pending_read()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        ValueTask<int> read = client.ReadAsync(_buffer);
        peer.Close();
        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task The_peer_may_stop_sending_and_go_on_reading()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair(new MemoryTransportOptions { FailWritesAfterPeerClosed = true });
        peer.CloseWriting();
        Assert.Equal(0, await client.ReadAsync(_buffer));
        await client.WriteAsync("more"u8.ToArray());
        Assert.Equal(4, await peer.ReadAsync(_buffer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Writes_after_the_peers_close_succeed_or_fail_as_chosen(bool fail)
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair(new MemoryTransportOptions { FailWritesAfterPeerClosed = fail });
        peer.Close();
        if (fail)
        {
            AssertSocketError(SocketError.Shutdown, await Assert.ThrowsAsync<IOException>(() => Write(client, "x")));
        }
        else
        {
            await Write(client, "x");
        }
    }

    [Fact]
    public async Task A_reset_fails_pending_and_later_reads_and_writes()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        Task<int> read = client.ReadAsync(_buffer).AsTask();
        peer.Reset();
        AssertSocketError(SocketError.ConnectionReset, await Assert.ThrowsAsync<IOException>(() => read));
        AssertSocketError(SocketError.ConnectionReset, await Assert.ThrowsAsync<IOException>(() => ReadText(client)));
        AssertSocketError(SocketError.ConnectionReset, await Assert.ThrowsAsync<IOException>(() => Write(client, "x")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reset_drops_or_keeps_what_was_not_read(bool keep)
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        await peer.WriteAsync("abc"u8.ToArray());
        peer.Reset(keep);
        if (keep)
        {
            Assert.Equal("abc", await ReadText(client));
        }

        await Assert.ThrowsAsync<IOException>(() => ReadText(client));
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        for (int i = 0; i < 200; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<int> read = client.ReadAsync(_buffer, cancel.Token).AsTask();
            byte sent = (byte)i;
            Task write = Task.Run(async () => await peer.WriteAsync(new[] { sent }));
            await cancel.CancelAsync();
            await write;
            int count;
            try
            {
                count = await read;
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(cancel.Token, e.CancellationToken);
                count = await client.ReadAsync(_buffer);
            }

            Assert.Equal(1, count);
            Assert.Equal(sent, _buffer[0]);
        }
    }

    [Fact]
    public async Task A_second_read_while_one_is_pending_throws_and_leaves_the_first_alone()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        ValueTask<int> first = client.ReadAsync(_buffer);
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.ReadAsync(new byte[1]).AsTask());
        await peer.WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await first);
    }

    [Fact]
    public async Task A_second_write_while_one_is_pending_throws()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair(new MemoryTransportOptions { WriteCapacity = 2 });
        Task first = Write(client, "abc");
        await Assert.ThrowsAsync<InvalidOperationException>(() => Write(client, "d"));
        Assert.Equal(2, await peer.ReadAsync(_buffer));
        await first;
    }

    [Fact]
    public async Task A_full_transport_holds_the_writer_until_the_peer_reads()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair(new MemoryTransportOptions { WriteCapacity = 4 });
        Task write = Write(client, "0123456789");
        Assert.Equal(4, peer.UnreadFromClient);
        Assert.False(write.IsCompleted);
        var received = new StringBuilder();
        while (received.Length < 10)
        {
            int count = await peer.ReadAsync(_buffer);
            received.Append(Encoding.ASCII.GetString(_buffer, 0, count));
        }

        await Guard.Within(write, () => "the write");
        Assert.Equal("0123456789", received.ToString());
    }

    [Fact]
    public async Task A_held_writer_can_be_cancelled_and_is_freed_by_a_close()
    {
        var options = new MemoryTransportOptions { WriteCapacity = 1 };
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair(options);
        using var cancel = new CancellationTokenSource();
        Task write = client.WriteAsync("abc"u8.ToArray(), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);

        write = Write(client, "abc");
        peer.Close();
        await Guard.Within(write, () => "the write");
    }

    [Fact]
    public async Task Dribble_limits_every_read()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair(new MemoryTransportOptions { MaxBytesPerRead = 2 });
        await peer.WriteAsync("abcde"u8.ToArray());
        Assert.Equal(["ab", "cd", "e"], [await ReadText(client), await ReadText(client), await ReadText(client)]);
    }

    [Fact]
    public async Task A_zero_byte_read_waits_for_data_and_takes_none()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        Task<int> read = client.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(read.IsCompleted);
        await peer.WriteAsync("x"u8.ToArray());
        Assert.Equal(0, await read);
        Assert.Equal("x", await ReadText(client));

        read = client.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(read.IsCompleted);
        peer.Close();
        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task A_zero_byte_read_completes_at_once_where_not_supported()
    {
        (Stream client, _) = MemoryTransport.CreatePair(new MemoryTransportOptions { SupportsZeroByteReads = false });
        Task<int> read = client.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.True(read.IsCompleted);
        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task The_clients_disposal_is_seen_and_ends_the_peers_reads()
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        await Write(client, "last");
        Assert.False(peer.ClientClosed.IsCompleted);
        Task<int> pending = client.ReadAsync(_buffer).AsTask();
        await client.DisposeAsync();

        Assert.True(peer.ClientClosed.IsCompleted);
        await Assert.ThrowsAsync<IOException>(() => pending);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadText(client));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Write(client, "x"));
        Assert.Equal(4, await peer.ReadAsync(_buffer));
        Assert.Equal(0, await peer.ReadAsync(_buffer));
        await peer.WriteAsync("nobody hears this"u8.ToArray());
    }

    [Fact]
    public void Synchronous_calls_are_refused()
    {
        (Stream client, _) = MemoryTransport.CreatePair();
        Assert.Throws<NotSupportedException>(() => client.Read(_buffer, 0, 1));
        Assert.Throws<NotSupportedException>(() => client.Read(_buffer.AsSpan()));
        Assert.Throws<NotSupportedException>(() => client.Write(_buffer, 0, 1));
        Assert.Throws<NotSupportedException>(() => client.Write(_buffer.AsSpan()));
    }

    private static void AssertSocketError(SocketError error, IOException exception) =>
        Assert.Equal(error, Assert.IsType<SocketException>(exception.InnerException).SocketErrorCode);

    private static Task Write(Stream stream, string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text)).AsTask();

    private async Task<string> ReadText(Stream stream) => Encoding.ASCII.GetString(_buffer, 0, await stream.ReadAsync(_buffer));
}
