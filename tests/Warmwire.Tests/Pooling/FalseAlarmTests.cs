using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Warmwire.Connections;
using Warmwire.Http1.Flow;
using Warmwire.Settings;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// On Unix a read of nothing ends with any event of its socket, also with the late one of bytes that have been read already. An idle watch
/// that took this for input waited for ever for a byte, with its permit.
/// </summary>
public sealed class FalseAlarmTests : IDisposable, IConnectionOwner
{
    private readonly Socket _server;
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly AlarmStream _stream;
    private readonly Http1Connection _connection;
    private CloseReason? _closed;
    private int _returned;

    public FalseAlarmTests()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _client.Connect(listener.LocalEndpoint);
        _server = listener.AcceptSocket();
        _stream = new AlarmStream(_client);
        var socketStream = new ManagedSocketStream(new NetworkStream(_client));
        var dialed = new DialedStream { Stream = _stream, SocketStream = socketStream, IsPlain = true, SupportsZeroByteReads = true };
        _connection = new Http1Connection(
            new Route(false, "a.test", 80), dialed, this, new ConnectionServices(new HandlerSettings { TimeProvider = new FakeTime() }));
        _connection.Release();
    }

    [Fact]
    public async Task A_watch_that_ends_without_bytes_or_end_begins_again()
    {
        for (int i = 0; i < 3; i++)
        {
            (await _stream.NextReadAsync()).SetResult(0);
        }

        await _stream.NextReadAsync();
        Assert.Equal((Http1State.Idle, 1), (_connection.State, _returned));
        Assert.True(_connection.TryLease(TimeSpan.MaxValue));
        Assert.Null(_closed);
    }

    [Fact]
    public async Task A_lease_during_the_false_alarm_keeps_the_connection()
    {
        TaskCompletionSource<int> watch = await _stream.NextReadAsync();
        Assert.True(_connection.TryLease(TimeSpan.MaxValue));
        watch.SetResult(0);
        _connection.Release();
        Assert.Equal((Http1State.Idle, 2), (_connection.State, _returned));
        await _stream.NextReadAsync();
        Assert.True(_connection.TryLease(TimeSpan.MaxValue));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_watch_after_a_false_alarm_still_sees_bytes_and_the_end(bool bytes)
    {
        (await _stream.NextReadAsync()).SetResult(0);
        TaskCompletionSource<int> watch = await _stream.NextReadAsync();
        if (bytes)
        {
            _server.Send("x"u8);
        }
        else
        {
            _server.Shutdown(SocketShutdown.Send);
        }

        await Eventually.IsTrue(() => _client.Poll(0, SelectMode.SelectRead), "the socket is readable");
        watch.SetResult(0);
        await Eventually.IsTrue(() => _closed is not null, "the connection is closed");
        Assert.Equal(bytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed, _closed);
    }

    public void Dispose()
    {
        _connection.Close(CloseReason.Disposed);
        _server.Dispose();
        _client.Dispose();
        _stream.Dispose();
    }

    void IConnectionOwner.Returned(HttpConnection connection) => _returned++;

    void IConnectionOwner.Closed(HttpConnection connection, CloseReason reason) => _closed = reason;

    void IConnectionOwner.ResponseLeaked(HttpConnection connection, string? stack)
    {
    }

    /// <summary>A socket's stream whose reads of nothing end when the test says so.</summary>
    private sealed class AlarmStream(Socket socket) : Stream
    {
        private readonly Channel<TaskCompletionSource<int>> _reads = Channel.CreateUnbounded<TaskCompletionSource<int>>();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public Task<TaskCompletionSource<int>> NextReadAsync() =>
            Guard.Within(_reads.Reader.ReadAsync().AsTask(), () => "Waited for a read of nothing");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!buffer.IsEmpty)
            {
                return socket.ReceiveAsync(buffer, cancellationToken);
            }

            var read = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            _reads.Writer.TryWrite(read);
            return new ValueTask<int>(read.Task);
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
