namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>What it says about the server or the load that connections were closed for a reason.</summary>
internal static class CloseMeaning
{
    public static bool IsKnown(string reason) => Enum.TryParse(reason, out CloseReason known) && Enum.IsDefined(known);

    public static string Of(string reason) => Of(Enum.Parse<CloseReason>(reason));

    /// <summary>A new reason needs a case here before this compiles.</summary>
#pragma warning disable CS8524 // A number without a name is no reason. The compiler still wants every name.
    private static string Of(CloseReason reason) => reason switch
    {
        CloseReason.IdleTimeout => "idle too long, as after a burst; or the server's Keep-Alive header asks for a short idle time",
        CloseReason.Lifetime => "it grew too old",
        CloseReason.ServerClosed => "the server ended it, idle or in an exchange; if idle, its idle timeout is short",
        CloseReason.ConnectionCloseHeader => "the server forbids reuse (Connection: close, or the last request that it allows)",
        CloseReason.Http10 => "the server, or a proxy before it, speaks HTTP/1.0 without keep-alive",
        CloseReason.BodyEndedByClose => "the server sends responses without Content-Length and without chunks",
        CloseReason.Cancelled => "a request was cancelled and its response did not come soon",
        CloseReason.RequestTimeout => "a request took longer than --timeout, so the server is slow or the timeout short",
        CloseReason.BodyNotDrained => "a response was given up with much of it unread",
        CloseReason.DrainLimit => "a response was given up and what was left of it did not come soon",
        CloseReason.UnsolicitedData => "the server sent bytes that nobody asked for: it is broken",
        CloseReason.ProtocolError => "the server sent what HTTP does not allow",
        CloseReason.ReadError => "reading failed, most often because the server or something on the way reset it",
        CloseReason.WriteError => "writing failed, most often because the server or something on the way reset it",
        CloseReason.RequestUnfinished => "the server answered an upload with an error before its end",
        CloseReason.RequestContentFailed => "the body of a request could not be read",
        CloseReason.AddressRetired => "its address no longer belongs to the name",
        CloseReason.Rebalanced => "it made way for a connection to an address that joined the name",
        CloseReason.Evicted => "the program asked for it",
        CloseReason.IdleLimit => "more were idle than are kept",
        CloseReason.MadeRoom => "it made way for a connection to another server",
        CloseReason.ClosedByUser => "the program asked for it",
        CloseReason.Upgraded => "it changed to another protocol",
        CloseReason.Disposed => "the program ended",
        CloseReason.GoAway => "the HTTP/2 server ended it, as one that restarts does",
        CloseReason.Http11Required => "the server asks for HTTP/1.1 in place of HTTP/2",
        CloseReason.PingTimeout => "the HTTP/2 server did not answer a ping",
        CloseReason.PeerFlood => "the HTTP/2 server sent too many frames that bring nothing",
        CloseReason.StreamIdsExhausted => "the HTTP/2 connection had used all its stream numbers",
    };
#pragma warning restore CS8524
}
