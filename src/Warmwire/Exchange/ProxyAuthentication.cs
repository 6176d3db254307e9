using System.Net.Http.Headers;
using Warmwire.Authentication;
using Warmwire.Connections;
using Warmwire.Fields;
using Warmwire.Http1.Wire;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// Answers the challenges of a proxy that forwards plain requests (RFC 9110 §11.7). What refuses a tunnel is answered where tunnels are
/// opened.
/// </summary>
internal static class ProxyAuthentication
{
    /// <summary>Whether a proxy reads the request itself, and there is something to answer it.</summary>
    public static bool IsWanted(Attempt attempt) =>
        attempt.Proxy is { Credentials: not null } proxy && ProxyChoice.Forwards(proxy, attempt.Request);

    /// <summary>Sends an attempt to the proxy, and the request again for as long as there are answers to what it asks.</summary>
    /// <param name="sender">Sends attempts.</param>
    /// <param name="settings">The handler's.</param>
    /// <param name="attempt">The first; it is sent as it is, or replaced.</param>
    /// <param name="hop">The request.</param>
    public static ValueTask<HttpResponseMessage> SendAsync(IAttemptSender sender, HandlerSettings settings, Attempt attempt, Hop hop) =>
        new OfHop(sender, settings, attempt, hop).SendAsync();

    /// <summary>What the proxy of a request has accepted before, made anew for it; most often there is none.</summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public static string? AnswerAhead(Hop hop)
    {
        if (hop.Proxy is not { Credentials: { } credentials, Memory.HasAny: true } proxy
            || !hop.IsForwarded
            || hop.Request.Headers.NonValidated.Contains(proxy.Target.AnswerField))
        {
            return null;
        }

        var about = new AuthenticationRequest(
            MethodNames.Canonical(hop.Request.Method.Method), RequestHeadWriter.TargetForProxy(hop.Request))
        {
            // Nothing is said of a body before it is asked for.
            HashBodyAsync = hop.Request.Content is null ? null : static (_, _) => ValueTask.FromResult(false),
        };
        return proxy.Memory.Recall(proxy.Target, about, credentials, out _);
    }

    /// <summary>Whether the proxy authenticates its own connections, so that they cannot be authenticated by a server as well.</summary>
    public static bool IsConnectionBound(ProxyHop proxy) => proxy.Memory.ConnectionSchemeOf(proxy.Target) is not null;

    /// <summary>Whether the proxy says that what is sent on one connection goes to the server on one (RFC 4559 §6).</summary>
    public static bool IsConnectionOneToServer(HttpResponseMessage response)
    {
        if (response.Headers.NonValidated.TryGetValues("Proxy-Support", out HeaderStringValues values))
        {
            foreach (string value in values)
            {
                if (value.Equals("Session-Based-Authentication", StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private sealed class OfHop(IAttemptSender sender, HandlerSettings settings, Attempt first, Hop hop)
        : HopAuthentication(sender, settings, hop, first.Proxy!.Credentials!, first.Proxy.Target, first.Proxy.Memory)
    {
        /// <summary>What the request says to the server.</summary>
        private readonly AuthorizationFields? _forServer = first.Authorization;
        private Attempt? _first = first;

        protected override string RequestTarget => RequestHeadWriter.TargetForProxy(Hop.Request);

        public override Attempt NewAttempt(string? answer, int replays)
        {
            bool keeps = ContentReplay.CanProduceAgain(Hop.Request.Content);
            return Sender.NewAttempt(Hop, Fields(answer) with { KeepsConnection = keeps }, replays);
        }

        public override ConnectionIdentity IdentityOf(in CredentialChoice choice) =>
            ConnectionIdentity.Of(choice.Scheme, choice.Credential);

        protected override ValueTask<HttpResponseMessage> SendAsync(string? answer)
        {
            Attempt? made = _first;
            _first = null;
            return Sender.SendAttemptAsync(
                Hop,
                made is not null && answer is null ? made
                    : made is not null ? made.With(Fields(answer))
                    : Sender.NewAttempt(Hop, answer is null ? _forServer : Fields(answer), replays: 0));
        }

        private AuthorizationFields Fields(string? answer) =>
            (_forServer ?? new AuthorizationFields(ForServer: null)) with { ForProxy = answer };
    }
}
