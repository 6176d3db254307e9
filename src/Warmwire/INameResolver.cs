namespace Warmwire;

/// <summary>
/// Resolves the names of hosts in place of the system; see <see cref="PooledHttpHandler.NameResolver"/>. Any thread may call it, for
/// several names at a time, but for one name of a handler a call is not repeated while it is under way. What it throws fails the request
/// that waits for it, or leaves the old answer in use.
/// </summary>
public interface INameResolver
{
    /// <summary>Resolves a name.</summary>
    /// <param name="host">The name, in its ASCII form.</param>
    /// <param name="cancellationToken">Nobody waits any more: the time was over, or the handler was disposed.</param>
    /// <returns>The addresses, the preferred one first. An answer without any counts as a failure.</returns>
    Task<NameAnswer> ResolveAsync(string host, CancellationToken cancellationToken);
}
