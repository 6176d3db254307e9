namespace Warmwire.Pooling;

/// <summary>A dial that has been decided on and holds its place in the count.</summary>
/// <param name="Waiter">The request it is for, if any.</param>
/// <param name="Reason">Why.</param>
/// <param name="StartedAtTicket">The last request that was in line when it was decided.</param>
internal sealed record PlannedDial(PoolWaiter? Waiter, DialReason Reason, long StartedAtTicket);
