namespace Warmwire.Diagnostics;

/// <summary>What is said while proxies are not supported.</summary>
internal static class ProxyErrorTexts
{
    public const string ProxyOptionNotSupported =
        "TransportOptions.Proxy is not supported yet; remove it from the request, or send this request with an HttpClient over "
        + "SocketsHttpHandler.";

    /// <param name="origin">Where the request goes.</param>
    /// <param name="proxy">The proxy; a name and password in it are not shown.</param>
    /// <param name="isTls">Whether the request is for https, which decides the variable that names the proxy.</param>
    public static string ProxyApplies(string origin, Uri proxy, bool isTls)
    {
        string variable = isTls ? "HTTPS_PROXY" : "HTTP_PROXY";
        string shown = proxy.IsAbsoluteUri
            ? proxy.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
            : "(a relative address)";
        return $"The proxy {shown} applies to {origin}, and proxies are not supported yet. It comes from HttpClient.DefaultProxy, which "
            + "reads "
            + $"the environment variables {variable}, ALL_PROXY and NO_PROXY (or their lower-case forms) unless the program set it. "
            + "To connect directly, set PooledHttpHandler.UseProxy = false, or add the host to NO_PROXY.";
    }
}
