using System.Net;
using System.Net.Sockets;
using Warmwire.Sockets;

namespace Warmwire.Connections;

/// <summary>A stream that is connected and, where the key says so, has completed its TLS handshake: what a connection is made of.</summary>
internal sealed class DialedStream
{
    public required Stream Stream { get; init; }

    /// <summary>The socket under the stream, if there is one that may be asked whether it is readable.</summary>
    public Socket? Socket { get; init; }

    /// <summary>The socket at the bottom, if this library made it.</summary>
    public SocketStream? SocketStream { get; init; }

    /// <summary>Whether <see cref="Stream"/> is <see cref="SocketStream"/> itself, with nothing in between.</summary>
    public bool IsPlain => ReferenceEquals(Stream, SocketStream);

    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>The address the host's name resolved to; <see langword="null"/> if the host is an address or a callback made the stream.</summary>
    public IPAddress? ResolvedAddress { get; init; }

    /// <summary>Whether a read into an empty buffer waits until there is something to read; a foreign stream may complete it at once.</summary>
    public bool SupportsZeroByteReads { get; init; }

    public TimeSpan DnsTime { get; init; }

    public TimeSpan ConnectTime { get; init; }

    public TimeSpan TlsTime { get; init; }
}
