using System.Net;

namespace Warmwire.Authentication;

/// <summary>Who asks for credentials: the origin server of a URI, or a proxy.</summary>
/// <param name="Uri">
/// What <see cref="ICredentials.GetCredential"/> is asked about: the URI of the request, or the address of the proxy.
/// </param>
/// <param name="IsProxy">Whether it is a proxy.</param>
internal readonly record struct AuthenticationTarget(Uri Uri, bool IsProxy)
{
    /// <summary>The status with which it asks (RFC 9110 §15.5.2, §15.5.8).</summary>
    public HttpStatusCode Status => IsProxy ? HttpStatusCode.ProxyAuthenticationRequired : HttpStatusCode.Unauthorized;

    /// <summary>The field with its challenges.</summary>
    public string ChallengeField => IsProxy ? "Proxy-Authenticate" : "WWW-Authenticate";

    /// <summary>The field with the answer.</summary>
    public string AnswerField => IsProxy ? "Proxy-Authorization" : "Authorization";

    /// <summary>The field that may bring the next nonce (RFC 7616 §3.5).</summary>
    public string InfoField => IsProxy ? "Proxy-Authentication-Info" : "Authentication-Info";

    /// <summary>For people: scheme, host and port, without a user that the URI may name.</summary>
    public string Origin => Uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.StrongPort, UriFormat.UriEscaped);

    /// <summary>The challenges of the response; none if it does not ask.</summary>
    public List<Challenge> ChallengesOf(HttpResponseMessage response) =>
        response.StatusCode == Status && response.Headers.NonValidated.TryGetValues(ChallengeField, out var lines)
            ? ChallengeParser.Parse(lines)
            : [];

    /// <summary>The value of <see cref="InfoField"/> in the response, if there is one.</summary>
    public string? InfoOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues(InfoField, out var lines) ? lines.ToString() : null;
}
