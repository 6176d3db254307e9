using System.Net;
using Warmwire.Dialing;

namespace Warmwire.Pooling;

/// <summary>The addresses of one dial: the answer of the handler's name, the order of the origin's plan, the permits of the pool.</summary>
/// <param name="pool">The pool of the handler.</param>
/// <param name="origin">The origin that is dialed.</param>
/// <param name="name">What is known of its name; <see langword="null"/> if names are not followed: then it is resolved each time.</param>
internal sealed class DialAddresses(ConnectionPool pool, OriginPool origin, KnownName? name) : IDialAddresses
{
    private readonly DirectAddresses _direct = new(origin.Route.DialedHost.Host, pool.Services.Settings);
    private IPAddress? _first;
    private IPAddress? _reached;

    public async ValueTask<DatedAnswer> AnswerAsync(bool again, DialWait wait, CancellationToken cancellationToken)
    {
        if (name is null)
        {
            return await _direct.AnswerAsync(again, wait, cancellationToken).ConfigureAwait(false);
        }

        DatedAnswer answer = await name.ForDialAsync(again, wait, cancellationToken).ConfigureAwait(false);
        origin.Answered(answer);
        return answer;
    }

    public IReadOnlyList<IPAddress> Order(DatedAnswer answer)
    {
        long now = pool.Services.Time.GetTimestamp();
        using OriginExecutor.Scope at = origin.Executor.Enter();
        EndTurn(at.Plan);
        List<IPAddress> order = at.Plan.Addresses.Order(answer, now);
        _first = order.FirstOrDefault();
        return order;
    }

    public void Raced(IReadOnlyList<RaceAttempt> attempts, IPAddress? winner)
    {
        long now = pool.Services.Time.GetTimestamp();
        _reached = winner;
        if (winner is null)
        {
            // What is known leads nowhere. The next dial is to know better.
            name?.TryRefresh(long.MaxValue, out _);
        }

        using OriginExecutor.Scope at = origin.Executor.Enter();
        at.Then(at.Plan.Addresses.Raced(attempts, winner, now));
    }

    public bool TryTakePermit() => pool.Permits.TryTake();

    public void ReleasePermit() => origin.Executor.ReleasePermit();

    /// <summary>The dial is over, and its connection, if there is one, is counted by itself.</summary>
    /// <param name="isOpen">If there is none although an address was reached, TLS has failed there.</param>
    public void End(bool isOpen)
    {
        using OriginExecutor.Scope at = origin.Executor.Enter();
        EndTurn(at.Plan);
        if (!isOpen && _reached is { } broke)
        {
            at.Plan.Addresses.Broke(broke);
        }
    }

    private void EndTurn(OriginPlan plan)
    {
        if (_first is { } first)
        {
            _first = null;
            plan.Addresses.DialOver(first);
        }
    }
}
