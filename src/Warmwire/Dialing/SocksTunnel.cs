using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>Asks a SOCKS proxy for a tunnel. Reads exactly what the proxy's messages have: the byte behind them is the server's.</summary>
internal static class SocksTunnel
{
    /// <param name="stream">Connected to the proxy.</param>
    /// <param name="settings">Who resolves a name, where the proxy does not.</param>
    /// <param name="request">What is dialed.</param>
    /// <param name="proxy">The proxy.</param>
    /// <param name="deadline">When to give up.</param>
    /// <returns><see langword="true"/>: the tunnel is open.</returns>
    /// <exception cref="SocksException">The proxy refuses.</exception>
    /// <exception cref="IOException">It closed.</exception>
    /// <exception cref="TransportException">The server's name could not be resolved.</exception>
    public static async Task<bool> OpenAsync(
        Stream stream, HandlerSettings settings, DialRequest request, ProxyHop proxy, DialDeadline deadline)
    {
        NetworkCredential? credential = proxy.Credentials is { } credentials
            ? UserCode.ProxyCredentialFor(credentials, proxy.Address, proxy.Address.Scheme)
            : null;
        HostAndPort server = request.Route.HostAndPort;
        byte[] buffer = new byte[Socks5Messages.MaxLength];
        if (proxy.Kind == ProxyKind.Socks5)
        {
            await OpenVersion5Async(stream, buffer, server, credential, deadline.Token).ConfigureAwait(false);
            return true;
        }

        string user = credential?.UserName ?? "";
        bool isAddress = IPAddress.TryParse(server.Host, out IPAddress? address);
        if (!isAddress && proxy.Kind == ProxyKind.Socks4)
        {
            address = await ResolveAsync(settings, request, server, deadline).ConfigureAwait(false);
        }

        int length = address is null
            ? Socks4Messages.WriteRequest(buffer, server.Host, server.Port, user)
            : Socks4Messages.WriteRequest(buffer, address, server.Port, user);
        await ExchangeAsync(stream, buffer, length, Socks4Messages.ReplyLength, deadline.Token).ConfigureAwait(false);
        Socks4Messages.CheckReply(buffer);
        return true;
    }

    private static async Task OpenVersion5Async(
        Stream stream, byte[] buffer, HostAndPort server, NetworkCredential? credential, CancellationToken cancellationToken)
    {
        bool hasCredentials = credential is { UserName.Length: > 0 };
        int length = Socks5Messages.WriteGreeting(buffer, hasCredentials);
        await ExchangeAsync(stream, buffer, length, Socks5Messages.ChoiceLength, cancellationToken).ConfigureAwait(false);
        if (Socks5Messages.ReadChoice(buffer, hasCredentials))
        {
            length = Socks5Messages.WriteAuthentication(buffer, credential!.UserName, credential.Password);
            await ExchangeAsync(stream, buffer, length, Socks5Messages.AuthenticationReplyLength, cancellationToken).ConfigureAwait(false);
            Socks5Messages.CheckAuthenticationReply(buffer);
        }

        length = Socks5Messages.WriteRequest(buffer, server.Host, server.Port);
        await ExchangeAsync(stream, buffer, length, Socks5Messages.ReplyStartLength, cancellationToken).ConfigureAwait(false);
        int whole = Socks5Messages.ReadReply(buffer);
        await ReadAsync(stream, buffer, whole - Socks5Messages.ReplyStartLength, cancellationToken).ConfigureAwait(false);
    }

    private static async Task ExchangeAsync(Stream stream, byte[] buffer, int length, int replyLength, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        await ReadAsync(stream, buffer, replyLength, cancellationToken).ConfigureAwait(false);
    }

    private static async Task ReadAsync(Stream stream, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        try
        {
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        catch (EndOfStreamException e)
        {
            throw new IOException(ProxyErrorTexts.ClosedInMessage, e);
        }
    }

    /// <summary>SOCKS 4 knows addresses of IPv4 only.</summary>
    private static async Task<IPAddress> ResolveAsync(
        HandlerSettings settings, DialRequest request, HostAndPort server, DialDeadline deadline)
    {
        var addresses = new DirectAddresses(server.Host, settings);
        NamedAddresses names =
            await NameResolver.ResolveAsync(addresses, again: false, request, deadline, server).ConfigureAwait(false);
        request.Progress.Phase = TransportPhase.Proxy;
        return names.Order.Find(static address => address.AddressFamily == AddressFamily.InterNetwork)
            ?? throw new SocksException(ProxyErrorTexts.Socks4KnowsNoIPv6(names.Order[0]));
    }
}
