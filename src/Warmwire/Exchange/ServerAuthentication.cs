using System.Net;
using Warmwire.Authentication;
using Warmwire.Connections;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// Answers the challenges of origin servers with the handler's credentials (RFC 9110 §11.6), and remembers what they have accepted.
/// </summary>
internal sealed class ServerAuthentication
{
    private readonly ICredentials _credentials;
    private readonly HandlerSettings _settings;
    private readonly IAttemptSender _sender;
    private readonly AuthenticationMemory _memory;

    public ServerAuthentication(ICredentials credentials, HandlerSettings settings, IAttemptSender sender)
    {
        _credentials = credentials;
        _settings = settings;
        _sender = sender;
        _memory = new AuthenticationMemory(settings.PreAuthenticate);
    }

    /// <summary>
    /// Whether a redirect's target may have credentials. Elsewhere than where the caller sent his request only those that are tied to a URI
    /// are used: any other object gives what it has to whom it is asked about. (.NET uses no others behind any redirect.)
    /// </summary>
    public bool MayAuthenticate(Uri first, Uri target) => _credentials is CredentialCache || RedirectPolicy.IsSameOrigin(first, target);

    /// <summary>Sends the request, and answers what is asked.</summary>
    public ValueTask<HttpResponseMessage> SendAsync(Hop hop) =>
        new OfHop(_sender, _settings, hop, _credentials, _memory).SendAsync();

    private sealed class OfHop(
        IAttemptSender sender, HandlerSettings settings, Hop hop, ICredentials credentials, AuthenticationMemory memory)
        : HopAuthentication(
            sender, settings, hop, credentials, new AuthenticationTarget(hop.Request.RequestUri!, IsProxy: false), memory)
    {
        protected override string RequestTarget => Hop.Request.RequestUri!.PathAndQuery;

        public override Attempt NewAttempt(string? answer, int replays)
        {
            var fields = new AuthorizationFields(answer)
            {
                // On a connection that is held nobody answers the proxy: what it has accepted goes along.
                ForProxy = ProxyAuthentication.AnswerAhead(Hop),
                KeepsConnection = ContentReplay.CanProduceAgain(Hop.Request.Content),
            };
            return Sender.NewAttempt(Hop, fields, replays);
        }

        public override ConnectionIdentity IdentityOf(in CredentialChoice choice) =>
            ConnectionIdentity.Of(choice.Scheme, choice.Credential, Hop.IsForwarded ? Target.Origin : null);

        public override void Received(HttpResponseMessage response) => Sender.Received(Hop, response);

        /// <remarks>
        /// Behind a proxy that forwards, a connection is one up to the server only if the proxy says so (RFC 4559 §6): else it may send the
        /// requests of others on the connection that was authenticated.
        /// </remarks>
        protected override bool AllowsConnectionBound(HttpResponseMessage? challenged) =>
            base.AllowsConnectionBound(challenged)
            && (!Hop.IsForwarded
                || (challenged is not null
                    && ProxyAuthentication.IsConnectionOneToServer(challenged)
                    && !ProxyAuthentication.IsConnectionBound(Hop.Proxy!)));

        protected override ValueTask<HttpResponseMessage> SendAsync(string? answer) =>
            Sender.SendAsync(Hop, answer is null ? null : new AuthorizationFields(answer));
    }
}
