namespace Warmwire.Proxies;

/// <summary>Chooses what answers the challenges of a proxy.</summary>
internal static class ProxyAuthenticators
{
    /// <param name="proxy">The proxy.</param>
    /// <param name="refused">The value of <c>Proxy-Authorization</c> that its first 407 was the answer to, if there was one.</param>
    public static IProxyAuthenticator For(ProxyHop proxy, string? refused)
    {
        if (refused is not null && refused == proxy.Authorization)
        {
            // What it accepted once, it does not accept any more.
            proxy.Authorization = null;
        }

        return new BasicProxyAuthenticator(proxy, refused);
    }
}
