using System.Security.Authentication.ExtendedProtection;
using Warmwire.Authentication;
using Warmwire.Connections;
using Warmwire.Pooling;

namespace Warmwire.Exchange;

/// <summary>
/// One request on a connection of one identity, which is authenticated by it where it is not yet: the messages of NTLM or Negotiate go back
/// and forth on that connection, and no other request comes between.
/// </summary>
/// <remarks>
/// The connections of an identity have a route of their own. So none is ever taken from those that are open to all, nor given to them, and
/// once one is authenticated, further requests of the identity go out on it as they are.
/// </remarks>
internal sealed class ConnectionAuthentication(HopAuthentication side, AuthenticationDialogue dialogue, CredentialChoice choice)
{
    private readonly ConnectionIdentity _identity = side.IdentityOf(choice);
    private readonly Hop _hop = side.Hop;

    /// <summary>The attempt whose failure decides whether all begins anew.</summary>
    private Attempt _attempt = null!;

    /// <summary>Sends the request for the first time: there is nothing to fall back on.</summary>
    public async ValueTask<HttpResponseMessage> SendAsync() => (await SendAsync(challenged: null).ConfigureAwait(false))!;

    /// <summary>Sends the request, and again where that is safe.</summary>
    /// <param name="challenged">
    /// The response that is answered by this, if it is whole. It is disposed with the first message that is sent; else it is the caller's.
    /// </param>
    /// <returns><see langword="null"/>: there is no first message, so the response stands.</returns>
    public async ValueTask<HttpResponseMessage?> SendAsync(HttpResponseMessage? challenged)
    {
        _attempt = PlainAttempt(replays: 0);
        while (true)
        {
            try
            {
                return await SendOnOneAsync(challenged).ConfigureAwait(false);
            }
            catch (TransportException e)
            {
                if (!await side.Sender.MayReplayAsync(_attempt, e).ConfigureAwait(false))
                {
                    throw;
                }
            }

            // What was negotiated is of no use on another connection.
            dialogue.BeginAnew();
            challenged = null;
            _attempt = PlainAttempt(_attempt.Replays + 1);
        }
    }

    private async ValueTask<HttpResponseMessage?> SendOnOneAsync(HttpResponseMessage? challenged)
    {
        HttpConnection connection = await side.Sender.LeaseAsync(_attempt, _identity).ConfigureAwait(false);
        HeldConnection held = HeldConnection.Hold(connection);
        bool begun = false;
        try
        {
            // One that was used is authenticated already, most likely, and on a new one the first message may go at once.
            if (!_attempt.Lease.Reused)
            {
                if (await AnswerAsync(choice, connection).ConfigureAwait(false) is { } first)
                {
                    _attempt = NextAttempt(first);
                }
                else if (challenged is not null)
                {
                    return null;
                }
            }

            challenged?.Dispose();
            while (true)
            {
                begun = true;
                HttpResponseMessage response = await ExchangeEngine.SendOn(connection, _attempt).ConfigureAwait(false);
                if (await AnswerAsync(response, connection).ConfigureAwait(false) is not { } answer)
                {
                    return response;
                }

                // Code of the program may throw here, before the connection is taken for the next message.
                Attempt next = NextAttempt(answer);
                bool alive = held.TryUse();
                _attempt = next;
                if (!alive)
                {
                    throw _hop.Total is { HasExpired: true } total
                        ? TransportErrors.TotalTimeout(connection, _attempt, total, TransportPhase.ReadHeaders)
                        : TransportErrors.ConnectionGone(connection, _attempt, CloseReason.ServerClosed);
                }
            }
        }
        finally
        {
            // Story: the caller cancels between the lease and the first message. The connection has had no exchange, and is given back as
            // one that was not used.
            held.Release();
            if (!begun)
            {
                connection.Release();
            }
        }
    }

    /// <summary>The answer to the response, which has been read then; <see langword="null"/>: the response is the caller's.</summary>
    private async ValueTask<string?> AnswerAsync(HttpResponseMessage response, HttpConnection connection)
    {
        try
        {
            if (NextChoice(response) is not { } next
                || !await ReplayRules.IsContentFreeAsync(_attempt, side.Settings.TimeProvider).ConfigureAwait(false)
                || await AnswerAsync(next, connection).ConfigureAwait(false) is not { } answer)
            {
                return null;
            }

            side.Received(response);
            await ChallengedResponse.DrainAsync(response, _hop, side.Settings).ConfigureAwait(false);
            response.Dispose();
            return answer;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>The challenge to answer on this connection, if the response has one that can be.</summary>
    private CredentialChoice? NextChoice(HttpResponseMessage response)
    {
        // The program is asked again for its credential, and may have another by now: that is for another connection.
        return response.Headers.ConnectionClose != true
            && dialogue.Choose(dialogue.Target.ChallengesOf(response)) is { } next
            && next.Scheme == choice.Scheme
            && _identity.Equals(side.IdentityOf(next))
            && _hop.CanSendAgain
                ? next
                : null;
    }

    private ValueTask<string?> AnswerAsync(CredentialChoice answered, HttpConnection connection)
    {
        // The channel to a proxy that forwards is none to the server, whose credentials must not be bound to it.
        bool isOurs = dialogue.Target.IsProxy || !_hop.IsForwarded;
        ChannelBinding? binding = isOurs ? TlsChannel.BindingOf(connection.Dialed.Channel) : null;
        return TimedAnswer.MakeAsync(_hop, side.Settings, dialogue, answered, side.About with { Binding = binding });
    }

    /// <summary>The request without a message.</summary>
    private Attempt PlainAttempt(int replays) => side.NewAttempt(answer: null, replays);

    private Attempt NextAttempt(string answer)
    {
        LeaseFacts lease = _attempt.Lease;
        bool again = _attempt.Progress.Sent != RequestSent.No;
        Attempt next = side.NewAttempt(answer, _attempt.Replays);
        next.Lease = again ? lease with { Reused = true, WasIdle = false, IdleTime = TimeSpan.Zero, QueueTime = TimeSpan.Zero } : lease;
        return next;
    }
}
