using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace Warmwire.Cli.Sockets;

/// <summary>A socket as a line of <c>/proc/net/tcp</c> or <c>tcp6</c> has it.</summary>
/// <param name="LocalPort">On this machine.</param>
/// <param name="Remote">The other end.</param>
/// <param name="State">Unknown if it is one that no one asks for.</param>
/// <param name="Inode">What links of descriptors name; 0 if no process has it any more.</param>
internal readonly record struct TcpLine(int LocalPort, TcpRemote Remote, TcpState State, long Inode)
{
    /// <summary>
    /// The heading, and whatever else is no socket, is not parsed. Nothing is allocated: there may be hundreds of thousands of lines.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> line, out TcpLine socket)
    {
        // " 12: 0100007F:9C40 0100007F:1F90 06 00000000:00000000 03:000017A2 00000000 0 0 17 …": slot, local, remote, state, queues, timer,
        // retransmits, user, timeout, inode.
        socket = default;
        NextField(ref line);
        if (!TryParseEnd(NextField(ref line), out TcpRemote local)
            || !TryParseEnd(NextField(ref line), out TcpRemote remote)
            || !int.TryParse(NextField(ref line), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int state))
        {
            return false;
        }

        for (int i = 0; i < 5; i++)
        {
            NextField(ref line);
        }

        if (!long.TryParse(NextField(ref line), NumberStyles.None, CultureInfo.InvariantCulture, out long inode))
        {
            return false;
        }

        socket = new TcpLine(local.Port, remote, StateOf(state), inode);
        return true;
    }

    private static TcpState StateOf(int number) => number switch
    {
        0x01 => TcpState.Established,
        0x02 => TcpState.SynSent,
        0x04 => TcpState.FinWait1,
        0x05 => TcpState.FinWait2,
        0x06 => TcpState.TimeWait,
        0x08 => TcpState.CloseWait,
        0x0A => TcpState.Listen,
        0x0B => TcpState.Closing,
        _ => TcpState.Unknown,
    };

    private static ReadOnlySpan<char> NextField(ref ReadOnlySpan<char> line)
    {
        line = line.TrimStart(' ');
        int end = line.IndexOf(' ');
        ReadOnlySpan<char> field = end < 0 ? line : line[..end];
        line = line[field.Length..];
        return field;
    }

    private static bool TryParseEnd(ReadOnlySpan<char> text, out TcpRemote end)
    {
        end = default;
        int colon = text.IndexOf(':');
        if (colon is not (8 or 32)
            || !ushort.TryParse(text[(colon + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort port))
        {
            return false;
        }

        // Words of 32 bits, each printed as the number that its four bytes are on this machine.
        UInt128 words = 0;
        for (int i = 0; i < colon; i += 8)
        {
            if (!uint.TryParse(text.Slice(i, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint word))
            {
                return false;
            }

            words = (words << 32) | word;
        }

        end = new TcpRemote(words, colon == 32, port);
        return true;
    }
}

/// <summary>An address and a port, cheap to make and to compare.</summary>
internal readonly record struct TcpRemote(UInt128 Words, bool IsV6, int Port)
{
    /// <summary>Such as <c>127.0.0.1:5000</c> or <c>[::1]:5000</c>; an IPv4 address that IPv6 carries is shown as IPv4.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[IsV6 ? 16 : 4];
        for (int i = 0; i < bytes.Length; i += 4)
        {
            BitConverter.TryWriteBytes(bytes[i..], (uint)(Words >> (8 * (bytes.Length - 4 - i))));
        }

        var address = new IPAddress(bytes);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, Port).ToString();
    }
}
