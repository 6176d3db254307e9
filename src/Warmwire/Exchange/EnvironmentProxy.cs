using System.Net;
using Warmwire.Diagnostics;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// Refuses requests that a proxy of the environment would apply to. Going around a proxy that somebody has set would be a lie, and in some
/// networks a leak.
/// </summary>
internal static class EnvironmentProxy
{
    /// <exception cref="TransportException">A proxy applies. Nothing was sent.</exception>
    public static void ThrowIfProxyApplies(HandlerSettings settings, Uri uri)
    {
        if (settings.UseProxy)
        {
            ThrowIfProxyApplies(HttpClient.DefaultProxy, uri);
        }
    }

    internal static void ThrowIfProxyApplies(IWebProxy proxy, Uri uri)
    {
        // Without any proxy in the environment this is one virtual call that returns null.
        if (Find(proxy, uri) is { } address)
        {
            bool isTls = RequestRules.IsTls(uri);
            string host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
            string origin = $"{uri.Scheme}://{host}:{uri.Port}";
            throw new TransportException(
                HttpRequestError.ProxyTunnelError,
                ProxyErrorTexts.ProxyApplies(origin, address, isTls),
                inner: null,
                TransportPhase.Proxy,
                RequestSent.No,
                origin,
                connectionId: null,
                isTimeout: false,
                mayReplay: true);
        }
    }

    private static Uri? Find(IWebProxy proxy, Uri uri)
    {
        try
        {
            Uri? address = proxy.GetProxy(uri);
            return address is null || address == uri || proxy.IsBypassed(uri) ? null : address;
        }
        catch (Exception)
        {
            // The proxy is the application's code. .NET takes one that throws for one that does not apply, and so must we.
            return null;
        }
    }
}
