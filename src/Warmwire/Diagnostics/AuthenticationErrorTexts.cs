namespace Warmwire.Diagnostics;

/// <summary>What went wrong with an authentication. Names and passwords are not shown, nor what is made of them.</summary>
internal static class AuthenticationErrorTexts
{
    /// <remarks>What the program's own exception says is inside; its text may have a secret in it and is not repeated.</remarks>
    public static string CredentialsFailed(string scheme, Exception e) =>
        $"ICredentials.GetCredential failed for the scheme {scheme} ({e.GetType().Name}); see the inner exception.";

    public static string ContentFailed(Exception e) =>
        $"The content failed while its hash was computed for the authentication (qop=auth-int of Digest): {e.Message}";
}
