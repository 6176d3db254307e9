using System.Net;
using Warmwire.Sockets;

namespace Warmwire.Connections;

/// <summary>
/// A stream that is connected and, where the route says so, has completed its TLS handshake: what a connection is made of.
/// </summary>
internal sealed class DialedStream
{
    public required Stream Stream { get; init; }

    /// <summary>The number its connection was given when it was dialed; 0: none.</summary>
    public long ConnectionId { get; init; }

    /// <summary>
    /// The socket at the bottom of the stream, also below TLS; <see langword="null"/> if a foreign stream is or may be in between.
    /// </summary>
    public SocketStream? SocketStream { get; init; }

    /// <summary>Whether code of the user's runs where the stream is written to or disposed.</summary>
    public bool IsForeign => SocketStream is null;

    /// <summary>
    /// Whether nothing lies between <see cref="Stream"/> and <see cref="SocketStream"/>: input of the one is input of the other. They are
    /// then the same object, unless a callback made the stream.
    /// </summary>
    public bool IsPlain { get; init; }

    /// <summary>
    /// What is known of the TLS channel to who reads the requests: the server, or the proxy that forwards them; <see langword="null"/>
    /// without TLS.
    /// </summary>
    public TransportContext? Channel { get; init; }

    /// <summary>Whether it speaks HTTP/2: the server chose it, or it is known beforehand.</summary>
    public bool IsHttp2 { get; init; }

    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>
    /// The address the host's name resolved to; <see langword="null"/> if the host is an address or a callback made the stream.
    /// </summary>
    public IPAddress? ResolvedAddress { get; init; }

    /// <summary>
    /// Whether a read into an empty buffer waits until there is something to read; a foreign stream may complete it at once.
    /// </summary>
    public bool SupportsZeroByteReads { get; init; }

    public TimeSpan DnsTime { get; init; }

    public TimeSpan ConnectTime { get; init; }

    public TimeSpan TlsTime { get; init; }

    /// <summary>Ends the stream. Pending reads and writes fail; the buffers they use are left to the garbage collector.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        catch (Exception)
        {
            // A stream of a ConnectCallback may throw here; it is gone all the same.
        }
    }
}
