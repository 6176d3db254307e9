using System.Collections.Concurrent;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>The names that the origins of a handler have, and what is known of each: as many as there are hosts.</summary>
internal sealed class KnownNames(HandlerSettings settings, CancellationToken stop)
{
    private readonly ConcurrentDictionary<string, KnownName> _names = new(StringComparer.OrdinalIgnoreCase);

    public KnownName Of(string host) =>
        _names.TryGetValue(host, out KnownName? known) ? known
        : _names.GetOrAdd(host, static (host, of) => new KnownName(host, of.settings, of.stop), (settings, stop));

    /// <summary>Forgets the names of hosts that are not used any more.</summary>
    public void Keep(IEnumerable<string> hosts)
    {
        var inUse = new HashSet<string>(hosts, StringComparer.OrdinalIgnoreCase);
        foreach (string host in _names.Keys.Where(host => !inUse.Contains(host)))
        {
            // Story: a dial to an origin that was made just now asks for the name, and it is forgotten here. Then it is resolved once more.
            _names.TryRemove(host, out _);
        }
    }
}
