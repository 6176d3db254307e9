using System.Net;

namespace Warmwire.Pooling;

/// <summary>
/// The addresses that an origin has connections to, or dials. Connections that no name led to, by a callback or to a literal address, have
/// none. Guarded by the lock of the origin.
/// </summary>
internal sealed class AddressRecords(AddressSelection selection, TimeProvider time)
{
    private readonly Dictionary<IPAddress, AddressRecord> _all = [];
    private int _withConnections;
    private long _turn;

    public IEnumerable<AddressRecord> All => _all.Values;

    public AddressRecord Of(IPAddress address)
    {
        if (!_all.TryGetValue(address, out AddressRecord? record))
        {
            _all[address] = record = new AddressRecord(address, time);
        }

        return record;
    }

    public void Opened(PooledConnection pooled)
    {
        if (pooled.ResolvedAddress is { } address)
        {
            AddressRecord record = Of(address);
            _withConnections += ++record.Open == 1 ? 1 : 0;
            record.Share = record.Open >= record.Share ? 0 : record.Share;
            record.Add(pooled.State);
            pooled.Address = record;
        }
    }

    public void Closed(PooledConnection pooled, CloseReason reason)
    {
        if (pooled.Address is not { } record)
        {
            return;
        }

        _withConnections -= --record.Open == 0 ? 1 : 0;
        if (reason is CloseReason.ReadError or CloseReason.WriteError
            || (reason == CloseReason.ServerClosed && AddressRecord.Weight(pooled.State) > 0))
        {
            record.Broke();
        }
    }

    /// <summary>Forgets the addresses that mean nothing any more.</summary>
    public void Trim()
    {
        foreach ((IPAddress address, AddressRecord record) in _all)
        {
            if (record is { Open: 0, Dialing: 0, IsInAnswer: false })
            {
                _all.Remove(address);
            }
        }
    }

    /// <summary>The idle connection for a request: the one that came last, or one near it whose address is to be preferred.</summary>
    public PooledConnection? Choose(IdleStack idle, bool needsHttp2, long now)
    {
        PooledConnection? best = idle.NewestFor(needsHttp2);
        if (best is null || _withConnections < 2 || selection == AddressSelection.FirstReachable)
        {
            return best;
        }

        PooledConnection? other = best;
        for (int looked = 1; looked < Settings.NameLimits.IdleLookedAt; looked++)
        {
            other = IdleStack.NextFor(other.Older, needsHttp2);
            if (other is null)
            {
                break;
            }

            if (other.Address != best.Address && IsBefore(other.Address!, best.Address!, now))
            {
                best = other;
            }
        }

        best.Address!.LastLease = ++_turn;
        return best;
    }

    /// <summary>The order in which a dial tries addresses; the first one has its turn.</summary>
    /// <param name="answer">The answer's.</param>
    /// <param name="isBehind">Whether this family goes behind the other.</param>
    /// <param name="now">The time.</param>
    public List<IPAddress> Order(IReadOnlyList<IPAddress> answer, Func<AddressRecord, bool> isBehind, long now)
    {
        // Sorting is stable, so the answer's order stands where nothing else decides.
        List<IPAddress> order =
        [
            .. answer.Select(Of)
                .OrderBy(record => record.IsAside(now))
                .ThenBy(isBehind)
                .ThenBy(static record => !record.LacksShare)
                .ThenBy(record => selection == AddressSelection.LeastLoaded ? record.Open + record.Dialing : 0)
                .ThenBy(record => selection == AddressSelection.FirstReachable ? 0 : record.LastDial)
                .Select(static record => record.Address),
        ];
        if (order.Count > 0)
        {
            AddressRecord first = _all[order[0]];
            first.Dialing++;
            first.LastDial = ++_turn;
        }

        return order;
    }

    private bool IsBefore(AddressRecord one, AddressRecord other, long now)
    {
        int aside = one.IsAside(now).CompareTo(other.IsAside(now));
        int load = selection == AddressSelection.LeastLoaded ? one.InUse.CompareTo(other.InUse) : 0;
        return (aside != 0 ? aside : load != 0 ? load : one.LastLease.CompareTo(other.LastLease)) < 0;
    }
}
