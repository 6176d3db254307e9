using System.Net;

namespace Warmwire.Settings;

/// <summary>A name resolver that is one function; the system's is one.</summary>
internal sealed class CallbackResolver(Func<string, CancellationToken, Task<IPAddress[]>> resolve) : INameResolver
{
    public static readonly CallbackResolver System = new(static (host, token) => Dns.GetHostAddressesAsync(host, token));

    public async Task<NameAnswer> ResolveAsync(string host, CancellationToken cancellationToken) =>
        new(await resolve(host, cancellationToken).ConfigureAwait(false));
}
