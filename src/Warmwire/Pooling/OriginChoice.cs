using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>Which of an origin's connections serves the next request; docs/design/http2-pool.md has the reasons.</summary>
internal sealed class OriginChoice
{
    // Immutable.
    private readonly OriginState _state;
    private readonly ConnectionAge _age;

    public OriginChoice(OriginState state, ConnectionAge age)
    {
        _state = state;
        _age = age;
    }

    /// <summary>Takes a connection that rests, or a place on one that is shared.</summary>
    /// <param name="needsHttp2">Whether HTTP/1.1 will not do.</param>
    /// <param name="now">The time.</param>
    /// <param name="taken">What was taken.</param>
    public bool TryTake_NeedsLock(bool needsHttp2, long now, out TakenConnection taken)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        HttpConnection? best = _state.Shared.Count == 0 ? null : LeastLoaded_NeedsLock(now);

        // Below half of its limit the one in use serves alone: what a burst has opened besides comes to rest, grows old and goes.
        HttpConnection? resting = best is not null && best.Link.Streams < best.Link.StreamLimit - best.Link.Streams
            ? null
            : _state.Idle.NewestFor(needsHttp2);
        if (resting is null)
        {
            if (best is null)
            {
                taken = default;
                return false;
            }

            taken = TakePlace_NeedsLock(best, TimeSpan.Zero);
            return true;
        }

        if (!resting.IsMultiplexed)
        {
            _state.Idle.Remove(resting);
            taken = new TakenConnection(resting, FromRest: true, TimeSpan.Zero, News: 0, Stale: null);
            return true;
        }

        // Story: an old connection is taken out of its rest, and before its taker has looked at its age another request takes a second place on it.
        // Closed for its age now, it would take that exchange along. So a connection that is shared is looked at under the gate.
        TimeSpan idleTime = _age.IdleTime(resting, now);
        if (_age.WhyNotReuse(resting, now, idleTime) is { } stale)
        {
            _state.Retire_NeedsLock(resting, stale);
            taken = new TakenConnection(resting, FromRest: true, idleTime, News: 0, stale);
            return true;
        }

        taken = TakePlace_NeedsLock(resting, idleTime);
        return true;
    }

    /// <summary>Takes a place on this one, which has a free one.</summary>
    public TakenConnection TakePlace_NeedsLock(HttpConnection connection, TimeSpan idleTime)
    {
        Debug.Assert(_state.Gate.IsHeldByCurrentThread, "the gate");
        PoolLink link = connection.Link;
        Debug.Assert(link.HasFreePlace, "a place is free");
        bool fromRest = link.Place == PoolPlace.Idle;
        if (fromRest)
        {
            _state.Idle.Remove(connection);
        }

        if (link.SharedIndex < 0)
        {
            _state.Shared.Add(connection);
        }

        link.CountedIdle = false;
        link.Streams++;
        return new TakenConnection(connection, fromRest, idleTime, link.News, Stale: null);
    }

    /// <summary>What is too old for another exchange is found here too: a sweep may be late.</summary>
    private HttpConnection? LeastLoaded_NeedsLock(long now)
    {
        while (_state.Shared.LeastLoaded() is { } best)
        {
            if (!_age.IsTooOld(best, now))
            {
                return best;
            }

            _state.Retire_NeedsLock(best, CloseReason.Lifetime);
        }

        return null;
    }
}
