using System.Net;
using System.Net.Sockets;
using Warmwire.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>
/// A connection over System.Net.Sockets: one that was opened here, or the <see cref="NetworkStream"/> of a callback, to be asked for its
/// input.
/// </summary>
internal sealed class ManagedSocketStream(NetworkStream stream) : SocketStream
{
    public Socket Socket => stream.Socket;

    public override bool NotifiesInput => false;

    protected override bool IsDisposed => !stream.CanRead;

    public override EndPoint? RemoteEndPoint
    {
        get
        {
            try
            {
                return stream.Socket.RemoteEndPoint;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or NotSupportedException)
            {
                // A callback's socket may be of a kind that cannot tell.
                return null;
            }
        }
    }

    public override bool HasInput
    {
        get
        {
            try
            {
                return stream.Socket.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return true;
            }
        }
    }

    public static async Task<Stream> ConnectAsync(
        IPEndPoint endPoint,
        TimeSpan keepAliveInterval,
        CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            if (endPoint.Address.IsIPv4MappedToIPv6)
            {
                socket.DualMode = true;
            }

            if (keepAliveInterval != Timeout.InfiniteTimeSpan)
            {
                TurnOnKeepAlive(socket, KeepAlive.Seconds(keepAliveInterval));
            }

            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new ManagedSocketStream(new NetworkStream(socket, ownsSocket: true));
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection through a Unix domain socket.</summary>
    public static async Task<Stream> ConnectAsync(UnixDomainSocketEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new ManagedSocketStream(new NetworkStream(socket, ownsSocket: true));
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private static void TurnOnKeepAlive(Socket socket, int seconds)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, seconds);
        }
        catch (SocketException)
        {
            // Probes at the system's own pace are all this system offers.
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        IsAsked ? ReadAtOnce(buffer) : stream.ReadAsync(buffer, cancellationToken);

    protected override ValueTask<int> Take(Memory<byte> buffer)
    {
        // Not by a read of the stream: one that waits for input may be before it in the line, and hear of it only when a thread comes.
        try
        {
            Socket socket = stream.Socket;
            bool blocking = socket.Blocking;
            socket.Blocking = false;
            int read = socket.Receive(buffer.Span, SocketFlags.None, out SocketError error);
            socket.Blocking = blocking;
            return error switch
            {
                SocketError.Success => new ValueTask<int>(read),
                SocketError.WouldBlock => Refuse(),
                _ => Failed(new SocketException((int)error)),
            };
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return Failed(e);
        }
    }

    private static ValueTask<int> Failed(Exception e) => ValueTask.FromException<int>(new IOException(SocketTexts.ReadFailed(e), e));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        EndQuestion();
        return stream.WriteAsync(buffer, cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) => stream.Read(buffer, offset, count);

    public override int Read(Span<byte> buffer) => stream.Read(buffer);

    public override void Write(byte[] buffer, int offset, int count) => stream.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => stream.Write(buffer);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            stream.Dispose();
        }

        base.Dispose(disposing);
    }
}
