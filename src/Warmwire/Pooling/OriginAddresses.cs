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
            // Behind the end of a dial that is waited for it is looked again.
            if (record.Leaving is { } leaving && !IsAwaited(leaving))
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

        foreach (IGrouping<AddressFamily, IPAddress> joined in _history.TakeJoined().GroupBy(static one => one.AddressFamily))
        {
            MakeRoomFor([.. joined], answer.Addresses, now);
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

    /// <summary>
    /// What the new ones of a family lack of their share the others have beyond theirs: so much of it closes in time, and what is dialed
    /// then goes to the new ones.
    /// </summary>
    /// <remarks>
    /// A part of a connection is a chance, so of many processes with one HTTP/2 connection each a share moves all the same. What moves is
    /// what the new ones lack, and not all that the others have beyond their share. Story: three of four addresses had been there, and one
    /// connection was three quarters too many for its own, so three quarters of all processes moved to the fourth.
    /// </remarks>
    private void MakeRoomFor(HashSet<IPAddress> joined, IReadOnlyList<IPAddress> answer, long now)
    {
        if (state.Settings.AddressSelection == AddressSelection.FirstReachable)
        {
            return;
        }

        AddressFamily family = joined.First().AddressFamily;
        List<AddressRecord> peers =
        [
            .. answer.Where(address => address.AddressFamily == family).Distinct().Select(state.Addresses.Of)
                .Where(record => joined.Contains(record.Address) || !record.IsAside(now)),
        ];
        double share = (double)peers.Sum(static record => record.Open) / peers.Count;
        List<AddressRecord> targets = peers.FindAll(record => joined.Contains(record.Address));
        List<AddressRecord> sources = peers.FindAll(record => !joined.Contains(record.Address) && record.Leaving is null);
        double lacking = targets.Sum(record => Math.Max(0, share - record.Open));
        double beyond = sources.Sum(record => Math.Max(0, record.Open - share));
        double part = beyond > 0 ? Math.Min(1, lacking / beyond) : 0;
        int moving = 0;
        Spread(sources, record => Math.Max(0, record.Open - share) * part, (record, count) =>
        {
            record.Leaving = new Departure(CloseReason.Rebalanced, now, state.Settings.DnsRefreshInterval / 2, count);
            moving += count;
        });
        targets.ForEach(static record => record.Share = 0);
        Spread(
            targets,
            record => lacking > 0 ? Math.Max(0, share - record.Open) * moving / lacking : 0,
            static (record, count) => record.Share = record.Open + count);
    }

    /// <summary>
    /// Parts of each as whole numbers, whose sum is that of the parts if that is whole, or one of the next two, by chance.
    /// </summary>
    private static void Spread(List<AddressRecord> records, Func<AddressRecord, double> part, Action<AddressRecord, int> give)
    {
        // Those are whole numbers but for the last digits.
        const double Rounding = 1e-9;
        double sum = Math.Min(1 - (2 * Rounding), Random.Shared.NextDouble()) + Rounding;
        foreach (AddressRecord record in records)
        {
            double next = sum + part(record);
            int count = (int)Math.Floor(next) - (int)Math.Floor(sum);
            sum = next;
            if (count > 0)
            {
                give(record, count);
            }
        }
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
                Successor successor = SuccessorOf(pooled, leaving, ref step);
                if (successor == Successor.Coming)
                {
                    break;
                }

                leaving.Gone++;
                if (successor == Successor.None && !leaving.IsWhole)
                {
                    // It would be given up for one like it.
                    continue;
                }

                if (state.Retire(pooled, leaving.Reason) is { } reason)
                {
                    step.Close(pooled, reason);
                }
            }

            // Waiters for a slot of one of them have to wait for another.
            step.Dial ??= dials.Next();
            if (leaving.Gone >= leaving.Count || (leaving.Gone < due && !IsAwaited(leaving)))
            {
                record.Leaving = null;
            }
        }
    }

    // ---- Their successors -------------------------------------------------------------------------------------------

    private enum Successor
    {
        /// <summary>Requests have another connection, or the limits allow none.</summary>
        Unneeded,

        /// <summary>It is being opened.</summary>
        Coming,

        /// <summary>It could not be opened, or not to another address.</summary>
        None,
    }

    /// <summary>
    /// What takes over from a connection that is to go. Story: a busy origin had one HTTP/2 connection, it was retired because an address
    /// had joined, and all requests stood still until the next was open, which took a quarter of a second where the new address was silent.
    /// So the next is opened first.
    /// </summary>
    private Successor SuccessorOf(PooledConnection pooled, Departure leaving, ref OriginStep step)
    {
        if (pooled.State != PooledState.Shared
            || state.Multiplexed.Any(other => other is { IsUsable: true, IsOffered: true } && other.Address != pooled.Address))
        {
            return Successor.Unneeded;
        }

        if (!leaving.HasSuccessor && state.Dialing + state.Opening == 0)
        {
            if (dials.Successor() is not { } dial)
            {
                return Successor.Unneeded;
            }

            step.Dial = dial;
        }

        leaving.HasSuccessor = true;
        return IsAwaited(leaving) ? Successor.Coming : Successor.None;
    }

    private bool IsAwaited(Departure leaving) => leaving.HasSuccessor && state.Dialing + state.Opening > 0;

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
