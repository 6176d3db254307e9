using System.Security.Authentication.ExtendedProtection;
using System.Security.Cryptography;

namespace Warmwire.Authentication;

/// <summary>What an answer to a challenge is made for.</summary>
/// <param name="Method">The request's method.</param>
/// <param name="Uri">Path and query of the request; for CONNECT the authority.</param>
internal readonly record struct AuthenticationRequest(string Method, string Uri)
{
    /// <summary>
    /// Feeds a hash with the request's body, for <c>auth-int</c> of Digest. <see langword="false"/>: the body cannot be produced again. Not
    /// set: there is none.
    /// </summary>
    public Func<IncrementalHash, CancellationToken, ValueTask<bool>>? HashBodyAsync { get; init; }

    /// <summary>A Host header of the program's, without its port.</summary>
    public string? HostHeader { get; init; }

    /// <summary>The TLS channel of the connection that NTLM and Negotiate are bound to.</summary>
    public ChannelBinding? Binding { get; init; }
}
