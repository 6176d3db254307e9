using System.Net;
using Warmwire.Authentication;
using Warmwire.Diagnostics;

namespace Warmwire.Proxies;

/// <summary>Answers with name and password (RFC 7617), once: a proxy that asks again does not accept them.</summary>
/// <param name="hop">The proxy.</param>
/// <param name="refused">The value that the request carried already, which the proxy did not accept.</param>
internal sealed class BasicProxyAuthenticator(ProxyHop hop, string? refused) : IProxyAuthenticator
{
    private bool _hasAnswered;

    public ProxyAuthorization? Answer(IReadOnlyList<string> challenges)
    {
        if (_hasAnswered || hop.Credentials is not { } credentials || !Offers(challenges))
        {
            return null;
        }

        _hasAnswered = true;
        NetworkCredential? found = UserCode.ProxyCredentialFor(credentials, hop.Address, SchemeTable.NameOf(AuthenticationScheme.Basic));
        if (found is null || ReferenceEquals(found, CredentialCache.DefaultNetworkCredentials))
        {
            // The user's own identity of the operating system has no password that could be told.
            return null;
        }

        string value = BasicAuthentication.Answer(found);
        return value == refused ? null : new ProxyAuthorization(value) { MayBeRepeated = true };
    }

    private static bool Offers(IReadOnlyList<string> challenges) =>
        challenges.Any(static field => ChallengeParser.Parse(field).Exists(static found => found.Is(AuthenticationScheme.Basic)));
}
