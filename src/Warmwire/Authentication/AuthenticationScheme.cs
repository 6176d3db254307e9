namespace Warmwire.Authentication;

/// <summary>The schemes that are answered, from the weakest to the strongest, which is the order of .NET.</summary>
internal enum AuthenticationScheme : byte
{
    /// <summary>Name and password in the clear (RFC 7617).</summary>
    Basic,

    /// <summary>A hash over the password and a nonce of the server's (RFC 7616).</summary>
    Digest,

    /// <summary>Authenticates a connection, not a request (MS-NLMP).</summary>
    Ntlm,

    /// <summary>Kerberos, or NTLM within it; most servers remember it for the connection (RFC 4559).</summary>
    Negotiate,
}

/// <summary>What is said of an <see cref="AuthenticationScheme"/>.</summary>
internal static class SchemeTable
{
    /// <summary>From the strongest to the weakest.</summary>
    public static ReadOnlySpan<AuthenticationScheme> ByStrength =>
        [AuthenticationScheme.Negotiate, AuthenticationScheme.Ntlm, AuthenticationScheme.Digest, AuthenticationScheme.Basic];

    /// <summary>As <see cref="System.Net.ICredentials"/> and the messages name it.</summary>
    public static string NameOf(AuthenticationScheme scheme) => scheme switch
    {
        AuthenticationScheme.Negotiate => "Negotiate",
        AuthenticationScheme.Ntlm => "NTLM",
        AuthenticationScheme.Digest => "Digest",
        _ => "Basic",
    };

    /// <summary>Whether it authenticates a connection, with several messages, so that all of them have to go the same way.</summary>
    public static bool IsConnectionBound(AuthenticationScheme scheme) => scheme >= AuthenticationScheme.Ntlm;
}
