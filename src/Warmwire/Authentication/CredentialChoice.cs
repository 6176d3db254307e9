using System.Net;
using Warmwire.Diagnostics;

namespace Warmwire.Authentication;

/// <summary>The challenge that is answered, and with which credential.</summary>
/// <param name="Scheme">Its scheme.</param>
/// <param name="Challenge">The challenge.</param>
/// <param name="Credential">What the program has for it.</param>
internal readonly record struct CredentialChoice(AuthenticationScheme Scheme, Challenge Challenge, NetworkCredential Credential)
{
    /// <summary>The challenge as Digest reads it, where that is the scheme.</summary>
    public DigestChallenge? Digest { get; init; }

    /// <summary>The strongest scheme that is offered, can be answered, and has a credential; the others are not tried.</summary>
    /// <param name="challenges">What is offered.</param>
    /// <param name="credentials">Code of the program.</param>
    /// <param name="target">Who asks.</param>
    /// <param name="allowsConnectionBound">Whether the request can go with HTTP/1.1, which NTLM and Negotiate need.</param>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public static CredentialChoice? Strongest(
        List<Challenge> challenges, ICredentials credentials, in AuthenticationTarget target, bool allowsConnectionBound = true)
    {
        foreach (AuthenticationScheme scheme in SchemeTable.ByStrength)
        {
            if (SchemeTable.IsConnectionBound(scheme) && !allowsConnectionBound)
            {
                continue;
            }

            if (Find(challenges, scheme, out DigestChallenge? digest) is { } challenge
                && CredentialFor(credentials, target, scheme) is { } credential)
            {
                return new CredentialChoice(scheme, challenge, credential) { Digest = digest };
            }
        }

        return null;
    }

    /// <summary>What the program has for the scheme, if that can be used with it.</summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public static NetworkCredential? CredentialFor(ICredentials credentials, in AuthenticationTarget target, AuthenticationScheme scheme)
    {
        NetworkCredential? credential =
            UserCode.CredentialFor(credentials, target.Uri, SchemeTable.NameOf(scheme), target.Origin, target.IsProxy);

        // Those of the signed-in user have no password that could be sent or hashed; only the system can use them.
        return ReferenceEquals(credential, CredentialCache.DefaultNetworkCredentials) && !SchemeTable.IsConnectionBound(scheme)
            ? null
            : credential;
    }

    /// <summary>
    /// The challenge of a scheme. Of several for Digest it is the one with the strongest algorithm; a weaker one is offered for clients
    /// that have no other (RFC 7616 §3.7).
    /// </summary>
    private static Challenge? Find(List<Challenge> challenges, AuthenticationScheme scheme, out DigestChallenge? digest)
    {
        digest = null;
        Challenge? found = null;
        foreach (Challenge challenge in challenges)
        {
            if (!challenge.Is(scheme))
            {
                continue;
            }

            if (scheme != AuthenticationScheme.Digest)
            {
                return challenge;
            }

            if (DigestChallenge.TryRead(challenge) is { } read && (digest is null || read.Algorithm > digest.Algorithm))
            {
                (found, digest) = (challenge, read);
            }
        }

        return found;
    }
}
