using System.Net;

namespace Warmwire.Connections;

/// <summary>
/// The end points that the connections of a route lead to: one object for each address, which they share. Thousands of connections may be
/// idle, and most lead to a few addresses.
/// </summary>
/// <remarks>Any thread. The user is shown copies, because an <see cref="IPEndPoint"/> can be changed.</remarks>
internal sealed class RouteEndPoints(string host, int port)
{
    /// <summary>Of more addresses the ones met first are forgotten.</summary>
    private const int Kept = 32;

    private volatile IPEndPoint[] _kept = [];

    /// <summary>The host itself, if it is an address and not a name.</summary>
    public IPAddress? Literal { get; } = IPAddress.TryParse(host, out IPAddress? literal) ? literal : null;

    public static EndPoint? CopyForUser(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address: { } address, Port: var port } ? new IPEndPoint(address, port) : endPoint;

    public IPEndPoint Of(IPAddress address)
    {
        IPEndPoint[] kept = _kept;
        foreach (IPEndPoint known in kept)
        {
            if (known.Address.Equals(address))
            {
                return known;
            }
        }

        // Two that meet here keep one of theirs: the other is met again.
        var endPoint = new IPEndPoint(address, port);
        _kept = [.. kept.AsSpan(kept.Length < Kept ? 0 : 1), endPoint];
        return endPoint;
    }
}
