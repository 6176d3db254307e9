using System.Net;

namespace Warmwire.Settings;

/// <summary>A name resolver that is one function.</summary>
internal sealed class CallbackResolver(Func<string, CancellationToken, Task<IPAddress[]>> resolve) : INameResolver
{
    public async Task<NameAnswer> ResolveAsync(string host, CancellationToken cancellationToken) =>
        new(await resolve(host, cancellationToken).ConfigureAwait(false));
}
