namespace Warmwire.Cli.Quick.Results;

/// <summary>Which side closed a connection, or asked for it to be closed.</summary>
internal static class ClosingSide
{
    /// <summary>Whether it was the server. A new reason needs a case here before this compiles.</summary>
#pragma warning disable CS8524 // A number without a name is no reason. The compiler still wants every name.
    public static bool IsServer(CloseReason reason) => reason switch
    {
        CloseReason.ServerClosed => true,
        CloseReason.ConnectionCloseHeader => true,
        CloseReason.Http10 => true,
        CloseReason.BodyEndedByClose => true,
        CloseReason.ReadError => true,
        CloseReason.WriteError => true,
        CloseReason.GoAway => true,
        CloseReason.Http11Required => true,
        CloseReason.IdleTimeout => false,
        CloseReason.Lifetime => false,
        CloseReason.Cancelled => false,
        CloseReason.RequestTimeout => false,
        CloseReason.BodyNotDrained => false,
        CloseReason.DrainLimit => false,
        CloseReason.UnsolicitedData => false,
        CloseReason.ProtocolError => false,
        CloseReason.RequestUnfinished => false,
        CloseReason.RequestContentFailed => false,
        CloseReason.AddressRetired => false,
        CloseReason.Rebalanced => false,
        CloseReason.Evicted => false,
        CloseReason.IdleLimit => false,
        CloseReason.MadeRoom => false,
        CloseReason.ClosedByUser => false,
        CloseReason.Upgraded => false,
        CloseReason.Disposed => false,
        CloseReason.PingTimeout => false,
        CloseReason.PeerFlood => false,
        CloseReason.StreamIdsExhausted => false,
    };
#pragma warning restore CS8524

    /// <summary>
    /// The same by the name that a result has; a result of another version may have names that this one does not know, and they are not the
    /// server's.
    /// </summary>
    public static bool IsServer(string reason) => Enum.TryParse(reason, out CloseReason known) && Enum.IsDefined(known) && IsServer(known);
}
