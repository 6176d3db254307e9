using System.Net;

namespace Warmwire;

/// <summary>What an <see cref="INameResolver"/> has found for a name.</summary>
public sealed class NameAnswer
{
    /// <summary>Makes an answer.</summary>
    /// <param name="addresses">IPv4 and IPv6 addresses, the preferred one first. The first 256 are looked at.</param>
    /// <param name="timeToLive">How long they may be used; <see langword="null"/> if that is not known.</param>
    /// <exception cref="ArgumentNullException"><paramref name="addresses"/> is <see langword="null"/>.</exception>
    public NameAnswer(IReadOnlyList<IPAddress> addresses, TimeSpan? timeToLive = null)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        Addresses = addresses;
        TimeToLive = timeToLive;
    }

    /// <summary>The addresses, the preferred one first.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <summary>
    /// How long the addresses may be used. The name is resolved again after it, at the earliest after 5 seconds and at the latest after
    /// <see cref="PooledHttpHandler.DnsRefreshInterval"/>; <see langword="null"/> is that interval.
    /// </summary>
    public TimeSpan? TimeToLive { get; }
}
