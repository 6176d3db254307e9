using System.Net;
using System.Net.Http.Headers;
using Warmwire.Connections;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// Answers a proxy that has refused a plain request with 407 (RFC 9110 §15.5.8). What refuses a tunnel is answered where tunnels are
/// opened.
/// </summary>
internal sealed class ProxyAuthentication
{
    private readonly HandlerSettings _settings;
    private readonly ProxyHop _proxy;
    private readonly IProxyAuthenticator _authenticator;
    private ProxyAuthorization? _last;
    private int _rounds;

    /// <param name="settings">The limits of what is read of a refusal.</param>
    /// <param name="proxy">The proxy.</param>
    /// <param name="refused">The authorization that the refused request carried.</param>
    public ProxyAuthentication(HandlerSettings settings, ProxyHop proxy, string? refused)
    {
        _settings = settings;
        _proxy = proxy;
        _authenticator = ProxyAuthenticators.For(proxy, refused);
    }

    /// <summary>
    /// Whether a response is a refusal that could be answered: also a server may send this status, but not for us to answer.
    /// </summary>
    public static bool IsRefusal(HttpResponseMessage response, Attempt attempt) =>
        response.StatusCode == HttpStatusCode.ProxyAuthenticationRequired
        && attempt.Proxy is { Credentials: not null } proxy
        && ProxyChoice.Forwards(proxy, attempt.Request.RequestUri!, RequestRules.OfferFor(attempt.Request, isTls: false));

    /// <summary>What to send the request again with; <see langword="null"/>: the refusal is for the caller, and still unread.</summary>
    public async ValueTask<string?> AnswerAsync(
        HttpRequestMessage request, HttpResponseMessage refusal, TotalDeadline? total, CancellationToken cancellationToken)
    {
        if (++_rounds > ProxyLimits.AuthenticationRounds || !ContentReplay.CanProduceAgain(request.Content))
        {
            return null;
        }

        string[] challenges = refusal.Headers.NonValidated.TryGetValues("Proxy-Authenticate", out HeaderStringValues values)
            ? [.. ((IEnumerable<string>)values).Take(ProxyLimits.Challenges)]
            : [];
        _last = _authenticator.Answer(challenges);
        if (_last is null or { NeedsSameConnection: true })
        {
            return null;
        }

        await DrainAsync(refusal, total, cancellationToken).ConfigureAwait(false);
        return _last.Value;
    }

    /// <summary>The proxy has let the request through.</summary>
    public void Accepted()
    {
        if (_last is { MayBeRepeated: true })
        {
            _proxy.Authorization = _last.Value;
        }
    }

    /// <summary>
    /// Reads a short body to its end, so that the request that follows finds this connection free. What is longer or slower is drained or
    /// closed behind it, as with any response that is disposed unread.
    /// </summary>
    private async ValueTask DrainAsync(HttpResponseMessage refusal, TotalDeadline? total, CancellationToken cancellationToken)
    {
        using HttpResponseMessage disposed = refusal;
        using var either = new HopTime(total, _settings.TimeProvider, _settings.ResponseDrainTimeout, cancellationToken);
        byte[] buffer = new byte[4096];
        try
        {
            Stream body = await refusal.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            int limit = Math.Min(ProxyLimits.AnswerBodyBytes, _settings.MaxResponseDrainSize);
            for (int taken = 0, read = 1; read > 0 && taken <= limit; taken += read)
            {
                read = await body.ReadAsync(buffer, either.Token).ConfigureAwait(false);
            }
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The connection is lost, and nothing else.
        }
    }
}
