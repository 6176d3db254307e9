using Warmwire.Diagnostics;

namespace Warmwire.Pooling;

/// <summary>A dial that has been decided on and is counted.</summary>
/// <param name="Waiter">The request it is for, if any.</param>
/// <param name="Reason">Why.</param>
/// <param name="StartedAtTicket">The last request that was in line when it was decided.</param>
internal sealed record PlannedDial(PoolWaiter? Waiter, DialReason Reason, long StartedAtTicket)
{
    /// <summary>For prewarming: how it ended; <see langword="null"/> is a connection.</summary>
    public TaskCompletionSource<TransportException?>? Outcome { get; init; }
}
