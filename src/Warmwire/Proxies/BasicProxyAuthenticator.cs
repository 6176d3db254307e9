using System.Net;
using System.Text;
using Warmwire.Diagnostics;

namespace Warmwire.Proxies;

/// <summary>Answers with name and password (RFC 7617), once: a proxy that asks again does not accept them.</summary>
/// <param name="hop">The proxy.</param>
/// <param name="refused">The value that the request carried already, which the proxy did not accept.</param>
internal sealed class BasicProxyAuthenticator(ProxyHop hop, string? refused) : IProxyAuthenticator
{
    private const string Scheme = "Basic";
    private bool _hasAnswered;

    public ProxyAuthorization? Answer(IReadOnlyList<string> challenges)
    {
        if (_hasAnswered || hop.Credentials is not { } credentials || !Offers(challenges))
        {
            return null;
        }

        _hasAnswered = true;
        NetworkCredential? found = UserCode.ProxyCredentialFor(credentials, hop.Address, Scheme);
        if (found is null || ReferenceEquals(found, CredentialCache.DefaultNetworkCredentials))
        {
            // The user's own identity of the operating system has no password that could be told.
            return null;
        }

        string value = ValueOf(found);
        return value == refused ? null : new ProxyAuthorization(value) { MayBeRepeated = true };
    }

    /// <summary>As .NET forms it: in UTF-8, with the domain before the name if there is one.</summary>
    public static string ValueOf(NetworkCredential credential)
    {
        string name = credential.Domain.Length == 0 ? credential.UserName : $"{credential.Domain}\\{credential.UserName}";
        return $"{Scheme} {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{credential.Password}"))}";
    }

    private static bool Offers(IReadOnlyList<string> challenges)
    {
        foreach (string challenge in challenges)
        {
            if (ChallengeSchemes.Contains(challenge, Scheme))
            {
                return true;
            }
        }

        return false;
    }
}
