using System.Net;
using System.Net.Sockets;
using Warmwire.Dialing;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>
/// The addresses of an origin: when its name is resolved again, which of its connections the answers retire, and which address a dial tries
/// first. docs/dns.md has the rules.
/// </summary>
internal sealed class OriginAddresses(OriginState state, OriginDials dials)
{
    private readonly TimeProvider _time = state.Settings.TimeProvider;
    private readonly NameHistory _history = new(state.Settings.TimeProvider);
    private readonly Dictionary<AddressFamily, long> _familyAsideUntil = [];
    private long _lastRefresh = state.LastUsed;
    private TimeSpan _interval = Shortened(state.Settings.DnsRefreshInterval);

    /// <summary>The version of the last answer that was looked at.</summary>
    public long SeenVersion { get; private set; }

    // ---- When to look again -----------------------------------------------------------------------------------------

    /// <summary>
    /// Whether the name is to be resolved again when the interval is over: some connection goes back to it, and it is in use, or will be:
    /// the connection was made beforehand and serves its first request yet.
    /// </summary>
    private bool IsToBeRefreshed
    {
        get
        {
            if (!state.Route.CanBeResolved || state.Settings.DnsRefreshInterval == Timeout.InfiniteTimeSpan)
            {
                return false;
            }

            foreach (PooledConnection pooled in state.Open)
            {
                if (pooled.ResolvedAddress is not null && (state.UsedSinceRefresh || pooled.Requests == 0))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The time when something is to be done about addresses, or <paramref name="next"/> if that is sooner.</summary>
    public TimeSpan? NextDue(TimeSpan? next, long now)
    {
        if (IsToBeRefreshed)
        {
            next = ConnectionAge.Earlier(next, _interval, _time.GetElapsedTime(_lastRefresh, now));
        }

        foreach (AddressRecord record in state.Addresses.All)
        {
            if (record.Leaving is { } leaving)
            {
                next = ConnectionAge.Earlier(next, leaving.NextAt, _time.GetElapsedTime(leaving.Since, now));
            }
        }

        return next;
    }

    /// <summary>Whether the name should be resolved again; says yes once per interval.</summary>
    public bool TryBeginRefresh(long now)
    {
        if (!IsToBeRefreshed || _time.GetElapsedTime(_lastRefresh, now) < _interval)
        {
            return false;
        }

        _lastRefresh = now;
        _interval = Shortened(state.Settings.DnsRefreshInterval);
        state.UsedSinceRefresh = false;
        return true;
    }

    // ---- What an answer means ---------------------------------------------------------------------------------------

    /// <summary>
    /// Has connections retire whose address has left the name, and a share of the others where an address has joined it: one after another,
    /// idle ones at once, leased ones when they come back, shared ones at the end of their last exchange.
    /// </summary>
    public OriginStep Answered(DatedAnswer answer, long now)
    {
        if (answer.Version <= SeenVersion || answer.Addresses.Count == 0)
        {
            return default;
        }

        SeenVersion = answer.Version;
        _lastRefresh = Math.Max(_lastRefresh, answer.At);
        var addresses = answer.Addresses.ToHashSet();
        foreach (AddressRecord record in addresses.Select(state.Addresses.Of).Concat(state.Addresses.All).ToList())
        {
            record.IsInAnswer = addresses.Contains(record.Address);
            if (record is { Open: > 0, IsInAnswer: false, Leaving: not { IsWhole: true } })
            {
                _history.Know(record.Address, answer.At);
            }
        }

        _history.Add(addresses, answer.At);
        TimeSpan interval = state.Settings.DnsRefreshInterval;
        foreach (AddressRecord record in state.Addresses.All)
        {
            if (record.IsInAnswer && record.Leaving is { IsWhole: true })
            {
                record.Leaving = null;
            }
            else if (!LeaveIfRefusing(record, now)
                && record.Leaving is not { IsWhole: true }
                && _history.HasLeft(record.Address, answer.At, notBefore: interval * 0.9))
            {
                Leave(record, now, over: interval / 4);
            }
        }

        foreach (IPAddress joined in _history.TakeJoined())
        {
            MakeRoomFor(joined, answer.Addresses, now);
        }

        TimeSpan life = NameLimits.Life(answer.TimeToLive, interval);
        _interval = Shortened(_history.IsUnsettled && life > interval / 2 ? interval / 2 : life);
        state.Addresses.Trim();
        return Sweep(now);
    }

    /// <summary>The server has gone, and the name leads elsewhere already: nothing is to be waited for.</summary>
    private bool LeaveIfRefusing(AddressRecord record, long now)
    {
        if (record.IsInAnswer || SeenVersion == 0 || record.RefusedAt is not { } refused
            || _time.GetElapsedTime(refused, now) > state.Settings.DnsRefreshInterval)
        {
            return false;
        }

        Leave(record, now, over: TimeSpan.Zero);
        return true;
    }

    private static void Leave(AddressRecord record, long now, TimeSpan over) =>
        record.Leaving = record.Open == 0 ? null : new Departure(CloseReason.AddressRetired, now, over, record.Open);

    /// <summary>What the others of the family have beyond their share closes in time; what is dialed then goes to the new one.</summary>
    private void MakeRoomFor(IPAddress joined, IReadOnlyList<IPAddress> answer, long now)
    {
        if (state.Settings.AddressSelection == AddressSelection.FirstReachable)
        {
            return;
        }

        List<AddressRecord> peers =
        [
            .. answer.Where(address => address.AddressFamily == joined.AddressFamily).Distinct().Select(state.Addresses.Of)
                .Where(record => record.Address.Equals(joined) || !record.IsAside(now)),
        ];
        double share = (double)peers.Sum(static record => record.Open) / peers.Count;
        int moving = 0;
        foreach (AddressRecord record in peers)
        {
            // A part of a connection is a chance: of many processes with one HTTP/2 connection each, a share moves all the same.
            int beyond = (int)Math.Floor(Math.Max(0, record.Open - share) + Random.Shared.NextDouble());
            if (beyond > 0 && record.Leaving is null && !record.Address.Equals(joined))
            {
                record.Leaving = new Departure(CloseReason.Rebalanced, now, state.Settings.DnsRefreshInterval / 2, beyond);
                moving += beyond;
            }
        }

        AddressRecord target = state.Addresses.Of(joined);
        target.Share = moving == 0 ? 0 : target.Open + moving;
    }

    // ---- Connections that are to go ---------------------------------------------------------------------------------

    /// <summary>Retires what is due by now.</summary>
    public OriginStep Sweep(long now)
    {
        OriginStep step = default;
        Sweep(now, ref step);
        return step;
    }

    public void Sweep(long now, ref OriginStep step)
    {
        foreach (AddressRecord record in state.Addresses.All)
        {
            if (record.Leaving is not { } leaving)
            {
                continue;
            }

            int due = leaving.DueAfter(_time.GetElapsedTime(leaving.Since, now));
            while (leaving.Gone < due && NextToGo(record) is { } pooled)
            {
                leaving.Gone++;
                if (state.Retire(pooled, leaving.Reason) is { } reason)
                {
                    step.Close(pooled, reason);
                }
            }

            // Waiters for a slot of one of them have to wait for another.
            step.Dial ??= dials.Next();
            if (leaving.Gone >= leaving.Count || leaving.Gone < due)
            {
                record.Leaving = null;
            }
        }
    }

    private PooledConnection? NextToGo(AddressRecord record)
    {
        if (record.Open == 0)
        {
            return null;
        }

        foreach (PooledConnection idle in state.Idle.OldestFirst())
        {
            if (idle.Address == record)
            {
                return idle;
            }
        }

        foreach (PooledConnection pooled in state.Open)
        {
            if (pooled.Address == record && pooled.State != PooledState.Retired)
            {
                return pooled;
            }
        }

        return null;
    }

    // ---- Dials ------------------------------------------------------------------------------------------------------

    /// <summary>The order in which a dial tries the addresses. It has to tell its end with <see cref="DialOver"/>.</summary>
    public List<IPAddress> Order(DatedAnswer answer, long now)
    {
        if (answer.Addresses.Count == 0)
        {
            return [];
        }

        // RFC 8305 §4: what was learned before goes before the resolver's order, for a while.
        AddressFamily leads = answer.Addresses[0].AddressFamily;
        bool leadsLast = IsAside(leads, now) && answer.Addresses.Any(address => !IsAside(address.AddressFamily, now));
        return state.Addresses.Order(
            [.. answer.Addresses.Distinct()], record => (record.Address.AddressFamily == leads) == leadsLast, now);
    }

    public void DialOver(IPAddress first) => state.Addresses.Of(first).Dialing--;

    /// <summary>The address was reached, and no connection came of it.</summary>
    public void Broke(IPAddress address) => state.Addresses.Of(address).Broke();

    /// <summary>What the attempts of a dial have shown.</summary>
    public OriginStep Raced(IReadOnlyList<RaceAttempt> attempts, IPAddress? winner, long now)
    {
        foreach (RaceAttempt attempt in attempts)
        {
            IPAddress address = attempt.EndPoint.Address;
            bool isSilent = attempt.Error is null && attempt.Unanswered >= AddressRace.AttemptDelay;
            if (address.Equals(winner) || (attempt.Error is null && !isSilent))
            {
                continue;
            }

            AddressRecord record = state.Addresses.Of(address);
            record.Failed(now);
            if (winner is not null && address.AddressFamily != winner.AddressFamily)
            {
                _familyAsideUntil[address.AddressFamily] =
                    now + (long)(NameLimits.FamilyAside.TotalSeconds * _time.TimestampFrequency);
            }

            if (attempt.Error is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
            {
                record.RefusedAt = now;
                LeaveIfRefusing(record, now);
            }
        }

        if (winner is not null)
        {
            _familyAsideUntil.Remove(winner.AddressFamily);
            state.Addresses.Of(winner).RefusedAt = null;
        }

        return Sweep(now);
    }

    /// <summary>How long a family of addresses that lost stays behind: so long the origin is worth keeping.</summary>
    public TimeSpan Remembers(long now)
    {
        TimeSpan longest = TimeSpan.Zero;
        foreach (long until in _familyAsideUntil.Values)
        {
            TimeSpan left = _time.GetElapsedTime(now, until);
            longest = left > longest ? left : longest;
        }

        return longest;
    }

    private bool IsAside(AddressFamily family, long now) => _familyAsideUntil.TryGetValue(family, out long until) && now < until;

    /// <summary>Names that are used together are not to be resolved together for ever.</summary>
    private static TimeSpan Shortened(TimeSpan interval) =>
        interval == Timeout.InfiniteTimeSpan ? interval : interval * (1 - (0.1 * Random.Shared.NextDouble()));
}
