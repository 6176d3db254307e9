using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Diagnostics;

namespace Warmwire.Proxies;

/// <summary>
/// The two messages of SOCKS 4 ("SOCKS: A protocol for TCP proxy across firewalls", Y. Lee) and of its extension 4A, as bytes. Nothing is
/// read or written here.
/// </summary>
internal static class Socks4Messages
{
    public const int ReplyLength = 8;

    private const byte Version = 4;
    private const byte Connect = 1;
    private const byte Granted = 90;

    /// <summary>CONNECT to an address.</summary>
    /// <param name="destination">At least <see cref="Socks5Messages.MaxLength"/> bytes.</param>
    /// <param name="address">IPv4: the protocol has no other.</param>
    /// <param name="port">The port.</param>
    /// <param name="user">The name of the user, which may be empty.</param>
    /// <exception cref="SocksException">The protocol has no words for it.</exception>
    public static int WriteRequest(Span<byte> destination, IPAddress address, int port, string user)
    {
        IPAddress given = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (given.AddressFamily != AddressFamily.InterNetwork)
        {
            throw new SocksException(ProxyErrorTexts.Socks4KnowsNoIPv6(address));
        }

        int length = WriteStart(destination, port);
        given.TryWriteBytes(destination[length..], out int written);
        return WriteText(destination, length + written, user);
    }

    /// <summary>CONNECT to a name, which the proxy resolves: 0.0.0.x in place of an address says that it follows.</summary>
    /// <inheritdoc cref="WriteRequest(Span{byte}, IPAddress, int, string)"/>
    public static int WriteRequest(Span<byte> destination, string host, int port, string user)
    {
        int length = WriteStart(destination, port);
        ReadOnlySpan<byte> invalid = [0, 0, 0, 1];
        invalid.CopyTo(destination[length..]);
        length = WriteText(destination, length + invalid.Length, user);
        return WriteText(destination, length, host);
    }

    /// <param name="reply"><see cref="ReplyLength"/> bytes.</param>
    /// <exception cref="SocksException">The proxy refuses, or this is no reply.</exception>
    public static void CheckReply(ReadOnlySpan<byte> reply)
    {
        // The version of a reply is 0, and some proxies say 4.
        if (reply[0] is not (0 or Version))
        {
            throw new SocksException(ProxyErrorTexts.NotSocks(Version, reply[0]));
        }

        if (reply[1] != Granted)
        {
            throw new SocksException(ProxyErrorTexts.Socks4Refused(reply[1]));
        }
    }

    private static int WriteStart(Span<byte> destination, int port)
    {
        destination[0] = Version;
        destination[1] = Connect;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)port);
        return 4;
    }

    private static int WriteText(Span<byte> destination, int start, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        if (length > ProxyLimits.SocksTextBytes || text.Contains('\0', StringComparison.Ordinal))
        {
            throw new SocksException(ProxyErrorTexts.SocksTextTooLong(length, ProxyLimits.SocksTextBytes));
        }

        Encoding.UTF8.GetBytes(text, destination[start..]);
        destination[start + length] = 0;
        return start + length + 1;
    }
}
