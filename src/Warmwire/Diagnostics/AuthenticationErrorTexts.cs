namespace Warmwire.Diagnostics;

/// <summary>What went wrong with an authentication. Names and passwords are not shown, nor what is made of them.</summary>
internal static class AuthenticationErrorTexts
{
    /// <remarks>What the program's own exception says is inside; its text may have a secret in it and is not repeated.</remarks>
    public static string CredentialsFailed(string scheme, string origin, bool isProxy, Exception e) =>
        isProxy
            ? $"The credentials for the proxy {origin} could not be had: GetCredential threw {e.GetType().Name} for the scheme {scheme}."
            : $"PooledHttpHandler.Credentials could not be asked for {origin}: "
                + $"GetCredential threw {e.GetType().Name} for the scheme {scheme}.";

    public static string ContentFailed(Exception e) =>
        $"The content failed while its hash was computed for the authentication (qop=auth-int of Digest): {e.Message}";
}
