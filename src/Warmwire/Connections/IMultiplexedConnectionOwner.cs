namespace Warmwire.Connections;

/// <summary>What a multiplexed connection tells upwards besides. Never under a lock of the connection's.</summary>
internal interface IMultiplexedConnectionOwner : IConnectionOwner
{
    /// <summary>One exchange of a multiplexed connection is over, and its slot is free for another.</summary>
    void StreamEnded(HttpConnection connection);

    /// <summary>The exchange whose end is told next was told to be a tunnel (<see cref="IConnectionOwner.Upgraded"/>).</summary>
    void TunnelEnds(HttpConnection connection)
    {
    }

    /// <summary>The <see cref="HttpConnection.StreamLimit"/> of a multiplexed connection has changed.</summary>
    void StreamLimitChanged(HttpConnection connection);

    /// <summary>
    /// A multiplexed connection does not know whether it is alive: it takes no new exchanges until it says <see cref="Resumed"/>.
    /// </summary>
    void Suspended(HttpConnection connection);

    /// <summary>A multiplexed connection that was suspended is alive.</summary>
    void Resumed(HttpConnection connection);

    /// <summary>
    /// A multiplexed connection takes no new exchanges. Those under way go on; the owner closes it for this reason when the last one is
    /// over.
    /// </summary>
    void Retire(HttpConnection connection, CloseReason reason);

    /// <summary>The server has said that it wants HTTP/1.1 (RFC 9113 §7): no HTTP/2 is offered to this origin any more.</summary>
    void Http11Required(HttpConnection connection);
}
