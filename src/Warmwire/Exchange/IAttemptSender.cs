using Warmwire.Authentication;
using Warmwire.Connections;

namespace Warmwire.Exchange;

/// <summary>What the authentication of a request needs of the engine.</summary>
internal interface IAttemptSender
{
    /// <summary>Sends the request, and again where that is safe. What a proxy asks is answered.</summary>
    ValueTask<HttpResponseMessage> SendAsync(Hop hop, AuthorizationFields? authorization);

    /// <summary>The same with an attempt that was made, whatever a proxy says to it.</summary>
    ValueTask<HttpResponseMessage> SendAttemptAsync(Hop hop, Attempt attempt);

    /// <summary>Makes an attempt, which becomes the last one of the request.</summary>
    Attempt NewAttempt(Hop hop, AuthorizationFields? authorization, int replays);

    /// <summary>Leases a connection of an identity, which speaks HTTP/1.1.</summary>
    ValueTask<HttpConnection> LeaseAsync(Attempt attempt, ConnectionIdentity identity);

    /// <summary>Whether the attempt may be made again after this failure; waits for the content to be free.</summary>
    ValueTask<bool> MayReplayAsync(Attempt attempt, TransportException error);

    /// <summary>Takes what a response that the caller will not see has brought besides: its cookies.</summary>
    void Received(Hop hop, HttpResponseMessage response);
}
