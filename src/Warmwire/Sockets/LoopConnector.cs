using System.Net;

namespace Warmwire.Sockets;

/// <summary>Opens connections on event loops.</summary>
internal static class LoopConnector
{
    /// <exception cref="System.Net.Sockets.SocketException">It could not be connected.</exception>
    public static Task<Stream> ConnectAsync(
        EventLoopGroup group,
        IPEndPoint endPoint,
        TimeSpan keepAliveInterval,
        CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Stream>(cancellationToken);
        }

        // The layout of the address is the system's own, with the scope of a link-local one.
        SocketAddress address = endPoint.Serialize();
        group.ThrowIfDisposed();
        int family = endPoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? LibC.AF_INET6 : LibC.AF_INET;
        int descriptor = LibC.Socket(family, LibC.SOCK_STREAM | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, LibC.IPPROTO_TCP);
        if (descriptor < 0)
        {
            return Task.FromException<Stream>(SocketErrors.Exception(-descriptor));
        }

        int result = LibC.SetOption(descriptor, LibC.IPPROTO_TCP, LibC.TCP_NODELAY, 1);
        if (result >= 0 && keepAliveInterval != Timeout.InfiniteTimeSpan)
        {
            result = TurnOnKeepAlive(descriptor, KeepAlive.Seconds(keepAliveInterval));
        }

        if (result >= 0)
        {
            result = LibC.Connect(descriptor, address.Buffer.Span[..address.Size]);
        }

        if (result is < 0 and not -LibC.EINPROGRESS)
        {
            LibC.Close(descriptor);
            return Task.FromException<Stream>(SocketErrors.Exception(-result));
        }

        return LoopConnect.RunAsync(group, descriptor, endPoint, connected: result >= 0, cancellationToken);
    }

    /// <summary>Opens a connection through a Unix domain socket. The system ends such a connect at once, one way or the other.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">It could not be connected.</exception>
    public static Task<Stream> ConnectAsync(
        EventLoopGroup group, System.Net.Sockets.UnixDomainSocketEndPoint endPoint, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Stream>(cancellationToken);
        }

        SocketAddress address = endPoint.Serialize();
        group.ThrowIfDisposed();
        int descriptor = LibC.Socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, protocol: 0);
        if (descriptor < 0)
        {
            return Task.FromException<Stream>(SocketErrors.Exception(-descriptor));
        }

        int result = LibC.Connect(descriptor, address.Buffer.Span[..address.Size]);
        if (result < 0)
        {
            LibC.Close(descriptor);

            // EINTR is told as EINPROGRESS. Here it means that nothing has happened, as where there is no room.
            return Task.FromException<Stream>(SocketErrors.Exception(result == -LibC.EINPROGRESS ? LibC.EAGAIN : -result));
        }

        return LoopConnect.RunAsync(group, descriptor, endPoint, connected: true, cancellationToken);
    }

    private static int TurnOnKeepAlive(int descriptor, int seconds)
    {
        int result = LibC.SetOption(descriptor, LibC.SOL_SOCKET, LibC.SO_KEEPALIVE, 1);

        // Where these are refused, probes at the system's own pace are all there is.
        _ = LibC.SetOption(descriptor, LibC.IPPROTO_TCP, LibC.TCP_KEEPIDLE, seconds);
        _ = LibC.SetOption(descriptor, LibC.IPPROTO_TCP, LibC.TCP_KEEPINTVL, seconds);
        return result;
    }
}
