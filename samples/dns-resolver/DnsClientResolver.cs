using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;

namespace Warmwire.Samples.DnsResolver;

/// <summary>
/// Resolves names by asking a DNS server itself, which blocks no thread and tells how long an answer holds. It knows DNS only: neither the
/// hosts file nor other sources of the system.
/// </summary>
internal sealed class DnsClientResolver : INameResolver
{
    private readonly LookupClient _client;

    /// <param name="server">The name server; <see langword="null"/>: those of the system.</param>
    public DnsClientResolver(IPEndPoint? server = null)
    {
        LookupClientOptions options = server is null ? new LookupClientOptions() : new LookupClientOptions(server);

        // The handler keeps answers itself.
        options.UseCache = false;
        options.Timeout = TimeSpan.FromSeconds(2);
        options.Retries = 1;
        _client = new LookupClient(options);
    }

    public async Task<NameAnswer> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        Task<IDnsQueryResponse> four = _client.QueryAsync(host, QueryType.A, cancellationToken: cancellationToken);
        Task<IDnsQueryResponse>? six = Socket.OSSupportsIPv6
            ? _client.QueryAsync(host, QueryType.AAAA, cancellationToken: cancellationToken)
            : null;

        // The family that comes first leads: IPv6, as RFC 8305 prefers.
        var addresses = new List<IPAddress>();
        int life = int.MaxValue;
        if (six is not null)
        {
            Take(await six.ConfigureAwait(false), host, addresses, ref life);
        }

        Take(await four.ConfigureAwait(false), host, addresses, ref life);
        return new NameAnswer(addresses, life == int.MaxValue ? null : TimeSpan.FromSeconds(life));
    }

    private static void Take(IDnsQueryResponse response, string host, List<IPAddress> addresses, ref int life)
    {
        // A name that does not exist has no addresses. Anything else that goes wrong tells nothing about it.
        if (response.HasError && response.Header.ResponseCode != DnsHeaderResponseCode.NotExistentDomain)
        {
            throw new IOException($"{response.NameServer} could not resolve {host}: {response.ErrorMessage}");
        }

        foreach (DnsResourceRecord record in response.Answers)
        {
            // An alias counts too: it may lead elsewhere when its time is over.
            life = Math.Min(life, record.InitialTimeToLive);
            if (record is AddressRecord address)
            {
                addresses.Add(address.Address);
            }
        }
    }
}
