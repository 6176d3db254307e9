using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Sockets;

namespace Warmwire.Dialing;

/// <summary>
/// The streams of a dial, one over the other, as far as it has come: the uppermost, and what is known of those below. One user at a time.
/// </summary>
internal sealed class DialedLayers
{
    private bool _isSecured;

    /// <param name="connected">What was connected, or made by the application's callback.</param>
    public DialedLayers(Stream connected)
    {
        Top = connected;
        Socket = connected as SocketStream ?? (connected is NetworkStream network ? new ManagedSocketStream(network) : null);
        IsPlain = SupportsZeroByteReads = Socket is not null;
    }

    /// <summary>What has all others below it, and disposes them.</summary>
    public Stream Top { get; private set; }

    /// <inheritdoc cref="Connections.DialedStream.SocketStream"/>
    public SocketStream? Socket { get; private set; }

    /// <inheritdoc cref="Connections.DialedStream.IsPlain"/>
    public bool IsPlain { get; private set; }

    /// <inheritdoc cref="Connections.DialedStream.SupportsZeroByteReads"/>
    public bool SupportsZeroByteReads { get; private set; }

    /// <summary>What a handshake is done over.</summary>
    /// <remarks>
    /// Story: a callback's stream derives from NetworkStream and counts or transforms what passes through it. TLS is asked what came by a
    /// call on the socket, which goes past that. So such a stream stays the application's.
    /// </remarks>
    public Stream BelowTls()
    {
        if (_isSecured)
        {
            return Top;
        }

        Socket = Top is SocketStream || Top.GetType() == typeof(NetworkStream) ? Socket : null;
        return Socket ?? Top;
    }

    /// <summary>A handshake was done over <see cref="BelowTls"/>.</summary>
    public void Secure(SslStream stream)
    {
        Top = stream;

        // A readable socket may only hold a session ticket, so it tells nothing; a read into an empty buffer passes over tickets.
        IsPlain = false;

        // Of TLS in TLS the watch of an idle connection asks the upper one alone, which asks the lower one.
        Socket = _isSecured ? null : Socket;
        _isSecured = true;
    }

    /// <summary>Another stream now lies over it, which may do anything with what passes through.</summary>
    public void Cover(Stream stream)
    {
        if (!ReferenceEquals(stream, Top))
        {
            Top = stream;
            Socket = null;
            IsPlain = false;
            SupportsZeroByteReads = false;
        }
    }
}
