using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>
/// The origins that were asked for last, found again without hashing the whole host. Only a shortcut: an entry may be replaced at any time, and may
/// be of an origin that was removed since, which says so itself. Any thread.
/// </summary>
internal sealed class RecentOrigins
{
    private readonly OriginPool?[] _slots = new OriginPool?[PoolLimits.RecentOrigins];

    public OriginPool? Find(in OriginProbe probe)
    {
        OriginPool? recent = Volatile.Read(ref _slots[SlotOf(probe)]);
        return recent is not null && IsSurely(recent.Key, probe) ? recent : null;
    }

    public void Remember(in OriginProbe probe, OriginPool pool) => Volatile.Write(ref _slots[SlotOf(probe)], pool);

    public void Forget(in OriginProbe probe, OriginPool pool) => Interlocked.CompareExchange(ref _slots[SlotOf(probe)], null, pool);

    private static int SlotOf(in OriginProbe probe)
    {
        // Names of one system differ in a few characters, most often near one of the ends.
        string host = probe.Host;
        int hash = (host.Length * 31) + probe.Port + (int)probe.Protocols;
        if (host.Length > 0)
        {
            hash = (hash * 31) + host[0];
            hash = (hash * 31) + host[host.Length / 2];
            hash = (hash * 31) + host[^1];
        }

        return (int)((uint)(hash ^ (hash >> 8)) % PoolLimits.RecentOrigins);
    }

    /// <summary>Whether this is the probe's key, letter by letter. <see langword="false"/> says little: the case may differ.</summary>
    private static bool IsSurely(Route key, in OriginProbe probe) =>
        key.Port == probe.Port
        && key.IsTls == probe.IsTls
        && key.Protocols == probe.Protocols
        && string.Equals(key.Host, probe.Host)
        && (!key.IsTls || (string.Equals(key.TlsHost, probe.TlsHost ?? probe.Host) && ReferenceEquals(key.ClientCertificate, probe.ClientCertificate)));
}
