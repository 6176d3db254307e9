using System.Net;
using System.Security.Authentication.ExtendedProtection;

namespace Warmwire.Authentication;

/// <summary>
/// One side of a dialogue of NTLM or Negotiate, which takes several messages on one connection. A seam: the system's needs a domain, and
/// what is built on it is tested without one.
/// </summary>
internal interface INegotiation : IDisposable
{
    /// <summary>The next token; may wait for a domain controller. <see langword="null"/>: it has failed, or there is no next.</summary>
    /// <param name="token">The server's, in base64; <see langword="null"/> at the beginning.</param>
    string? Next(string? token);
}

/// <summary>Begins negotiations.</summary>
internal interface INegotiationFactory
{
    INegotiation Begin(in NegotiationOptions options);
}

/// <summary>What a negotiation is about.</summary>
/// <param name="Scheme">NTLM or Negotiate.</param>
/// <param name="Credential">Whose.</param>
/// <param name="TargetName">The service principal name of the server.</param>
/// <param name="Binding">
/// The TLS channel that the answer is valid in, so that a man in the middle cannot use it in another (RFC 5056); <see langword="null"/>
/// without TLS.
/// </param>
/// <param name="IsProxy">Whether it is with a proxy.</param>
internal readonly record struct NegotiationOptions(
    AuthenticationScheme Scheme, NetworkCredential Credential, string TargetName, ChannelBinding? Binding, bool IsProxy);
