namespace Warmwire.Proxies;

/// <summary>Answers the challenges of a proxy (407, RFC 9110 §11.7). One for each request, or each dial, that is challenged.</summary>
internal interface IProxyAuthenticator
{
    /// <summary>
    /// What to send next, or <see langword="null"/> to give up: then the 407 is the answer. Calls the application's credentials, whose
    /// failures end here.
    /// </summary>
    /// <param name="challenges">The values of the <c>Proxy-Authenticate</c> fields of this 407.</param>
    ProxyAuthorization? Answer(IReadOnlyList<string> challenges);
}
