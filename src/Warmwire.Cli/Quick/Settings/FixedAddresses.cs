using System.Net;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>The names of <c>--resolve</c> with their addresses; others are looked up by the system.</summary>
internal sealed class FixedAddresses(IReadOnlyDictionary<string, IPAddress[]> addresses) : INameResolver
{
    public async Task<NameAnswer> ResolveAsync(string host, CancellationToken cancellationToken) => new(
        addresses.TryGetValue(host, out IPAddress[]? known) ? known : await Dns.GetHostAddressesAsync(host, cancellationToken));
}
