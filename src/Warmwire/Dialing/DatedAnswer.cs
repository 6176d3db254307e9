using System.Net;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>An answer for a name, with the time it came at.</summary>
/// <param name="Addresses">The addresses, the resolver's first one first; mapped ones as the IPv4 addresses that they are.</param>
/// <param name="TimeToLive">How long they may be used, if that is known.</param>
/// <param name="At">When it came.</param>
/// <param name="Version">Which answer for the name this is.</param>
internal sealed record DatedAnswer(IReadOnlyList<IPAddress> Addresses, TimeSpan? TimeToLive, long At, long Version)
{
    /// <param name="answer">What a resolver has returned, which may be anything.</param>
    /// <param name="at">The time.</param>
    /// <param name="version">Which answer it is.</param>
    public static DatedAnswer Of(NameAnswer? answer, long at, long version)
    {
        var addresses = new List<IPAddress>();
        foreach (IPAddress? address in (answer?.Addresses ?? []).Take(NameLimits.Addresses))
        {
            if (address is not null)
            {
                addresses.Add(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
            }
        }

        return new DatedAnswer(addresses, answer?.TimeToLive, at, version);
    }
}
