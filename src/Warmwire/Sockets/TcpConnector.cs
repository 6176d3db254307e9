using System.Net;
using System.Net.Sockets;

namespace Warmwire.Sockets;

/// <summary>Opens one TCP connection to one address.</summary>
internal static class TcpConnector
{
    /// <param name="endPoint">Where to.</param>
    /// <param name="keepAliveInterval">How long the connection is silent before the operating system probes it, and between probes; infinite turns probes off.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static async Task<NetworkStream> ConnectAsync(IPEndPoint endPoint, TimeSpan keepAliveInterval, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            if (keepAliveInterval != Timeout.InfiniteTimeSpan)
            {
                TurnOnKeepAlive(socket, keepAliveInterval);
            }

            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private static void TurnOnKeepAlive(Socket socket, TimeSpan interval)
    {
        // Linux refuses more than 32767 s.
        int seconds = (int)Math.Clamp(Math.Ceiling(interval.TotalSeconds), 1, short.MaxValue);
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
}
