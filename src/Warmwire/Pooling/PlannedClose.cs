namespace Warmwire.Pooling;

/// <summary>A connection that is to be closed.</summary>
/// <param name="Pooled">The connection.</param>
/// <param name="Reason">The reason it is closed for.</param>
internal sealed record PlannedClose(PooledConnection Pooled, CloseReason Reason);
