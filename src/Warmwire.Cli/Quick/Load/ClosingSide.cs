using Warmwire.Connections;

namespace Warmwire.Cli.Quick.Load;

/// <summary>Which side wanted a connection closed.</summary>
internal static class ClosingSide
{
    /// <summary>By the name of a <see cref="CloseReason"/>.</summary>
    public static bool IsServer(string reason) => Enum.TryParse(reason, out CloseReason known) && known is
        CloseReason.ServerClosed
        or CloseReason.ConnectionCloseHeader
        or CloseReason.Http10
        or CloseReason.BodyEndedByClose
        or CloseReason.ReadError
        or CloseReason.WriteError
        or CloseReason.GoAway
        or CloseReason.Http11Required;
}
