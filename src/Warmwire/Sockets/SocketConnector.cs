using System.Net;
using System.Net.Sockets;

namespace Warmwire.Sockets;

/// <summary>Opens one connection to one address: a <see cref="SocketStream"/>, told as what a dial has.</summary>
internal static class SocketConnector
{
    /// <param name="endPoint">Where to.</param>
    /// <param name="keepAliveInterval">
    /// How long the connection is silent before the operating system probes it, and between probes; infinite turns probes off.
    /// </param>
    /// <param name="backEnd">What moves the bytes; where the system refuses the event loop, System.Net.Sockets does.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="SocketException">It could not be connected.</exception>
    public static Task<Stream> ConnectAsync(
        IPEndPoint endPoint,
        TimeSpan keepAliveInterval,
        SocketBackEnd backEnd,
        CancellationToken cancellationToken) =>
        backEnd == SocketBackEnd.EventLoop && EventLoopGroup.Shared is { } group
            ? LoopConnector.ConnectAsync(group, endPoint, keepAliveInterval, cancellationToken)
            : ManagedSocketStream.ConnectAsync(endPoint, keepAliveInterval, cancellationToken);

    /// <summary>Opens a connection through a Unix domain socket.</summary>
    /// <exception cref="SocketException">It could not be connected; <see cref="SocketError.WouldBlock"/>: the server has no room for one
    /// more now.</exception>
    public static Task<Stream> ConnectAsync(
        UnixDomainSocketEndPoint endPoint, SocketBackEnd backEnd, CancellationToken cancellationToken) =>
        backEnd == SocketBackEnd.EventLoop && EventLoopGroup.Shared is { } group
            ? LoopConnector.ConnectAsync(group, endPoint, cancellationToken)
            : ManagedSocketStream.ConnectAsync(endPoint, cancellationToken);
}
