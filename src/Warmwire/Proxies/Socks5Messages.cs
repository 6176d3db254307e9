using System.Buffers.Binary;
using System.Net;
using System.Text;
using Warmwire.Diagnostics;

namespace Warmwire.Proxies;

/// <summary>
/// The messages of SOCKS 5 (RFC 1928) and of its authentication by name and password (RFC 1929), as bytes. Nothing is read or written here.
/// </summary>
internal static class Socks5Messages
{
    /// <summary>No message of any version is longer.</summary>
    public const int MaxLength = 8 + (2 * (ProxyLimits.SocksTextBytes + 1));

    public const int ChoiceLength = 2;
    public const int AuthenticationReplyLength = 2;

    /// <summary>What has to be there of a reply before its length is known.</summary>
    public const int ReplyStartLength = 5;

    private const byte Version = 5;
    private const byte AuthenticationVersion = 1;
    private const byte Connect = 1;
    private const byte NoAuthentication = 0;
    private const byte NameAndPassword = 2;
    private const byte NoneAcceptable = 0xFF;
    private const byte IPv4 = 1;
    private const byte Name = 3;
    private const byte IPv6 = 4;

    /// <summary>Offers what can be done: RFC 1928 §3.</summary>
    public static int WriteGreeting(Span<byte> destination, bool hasCredentials)
    {
        ReadOnlySpan<byte> greeting = hasCredentials ? [Version, 2, NoAuthentication, NameAndPassword] : [Version, 1, NoAuthentication];
        greeting.CopyTo(destination);
        return greeting.Length;
    }

    /// <summary>Whether the proxy wants name and password.</summary>
    /// <param name="choice"><see cref="ChoiceLength"/> bytes.</param>
    /// <param name="hasCredentials">What was offered.</param>
    /// <exception cref="SocksException">It wants something else, or this is no answer.</exception>
    public static bool ReadChoice(ReadOnlySpan<byte> choice, bool hasCredentials)
    {
        CheckVersion(choice[0]);
        return choice[1] switch
        {
            NoAuthentication => false,
            NameAndPassword when hasCredentials => true,
            NoneAcceptable => throw new SocksException(
                hasCredentials ? ProxyErrorTexts.Socks5AcceptsNoMethod : ProxyErrorTexts.Socks5WantsCredentials),
            byte other => throw new SocksException(ProxyErrorTexts.Socks5ChoseUnasked(other)),
        };
    }

    /// <summary>RFC 1929 §2.</summary>
    /// <exception cref="SocksException">The protocol has no words for it.</exception>
    public static int WriteAuthentication(Span<byte> destination, string name, string password)
    {
        destination[0] = AuthenticationVersion;
        int length = WriteText(destination, 1, name);
        return WriteText(destination, length, password);
    }

    /// <param name="reply"><see cref="AuthenticationReplyLength"/> bytes.</param>
    /// <exception cref="SocksException">The proxy does not accept them.</exception>
    public static void CheckAuthenticationReply(ReadOnlySpan<byte> reply)
    {
        // Its version is 1, and some proxies say 5.
        if (reply[0] is not (AuthenticationVersion or Version))
        {
            throw new SocksException(ProxyErrorTexts.NotSocks(Version, reply[0]));
        }

        if (reply[1] != 0)
        {
            throw new SocksException(ProxyErrorTexts.SocksCredentialsRefused);
        }
    }

    /// <summary>CONNECT (RFC 1928 §4). A name is given as it is: the proxy resolves it.</summary>
    /// <exception cref="SocksException">The protocol has no words for it.</exception>
    public static int WriteRequest(Span<byte> destination, string host, int port)
    {
        destination[0] = Version;
        destination[1] = Connect;
        destination[2] = 0;
        int length;
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            IPAddress given = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            given.TryWriteBytes(destination[4..], out int written);
            destination[3] = written == 4 ? IPv4 : IPv6;
            length = 4 + written;
        }
        else
        {
            destination[3] = Name;
            length = WriteText(destination, 4, host);
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination[length..], (ushort)port);
        return length + 2;
    }

    /// <summary>Tells how long the reply is as a whole (RFC 1928 §6). The address in it is of no use here.</summary>
    /// <param name="start"><see cref="ReplyStartLength"/> bytes.</param>
    /// <exception cref="SocksException">The proxy refuses, or this is no reply.</exception>
    public static int ReadReply(ReadOnlySpan<byte> start)
    {
        CheckVersion(start[0]);
        if (start[1] != 0)
        {
            throw new SocksException(ProxyErrorTexts.Socks5Refused(start[1]));
        }

        return start[3] switch
        {
            IPv4 => 4 + 4 + 2,
            IPv6 => 4 + 16 + 2,
            Name => 4 + 1 + start[4] + 2,
            byte other => throw new SocksException(ProxyErrorTexts.Socks5AddressUnknown(other)),
        };
    }

    private static void CheckVersion(byte version)
    {
        if (version != Version)
        {
            throw new SocksException(ProxyErrorTexts.NotSocks(Version, version));
        }
    }

    private static int WriteText(Span<byte> destination, int start, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        if (length > ProxyLimits.SocksTextBytes)
        {
            throw new SocksException(ProxyErrorTexts.SocksTextTooLong(length, ProxyLimits.SocksTextBytes));
        }

        destination[start] = (byte)length;
        Encoding.UTF8.GetBytes(text, destination[(start + 1)..]);
        return start + 1 + length;
    }
}
