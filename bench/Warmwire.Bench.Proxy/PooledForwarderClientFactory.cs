using System.Diagnostics;
using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace Warmwire.Bench.Proxy;

/// <summary>
/// Gives YARP a <see cref="PooledHttpHandler"/> with the settings that its own factory gives to <see cref="SocketsHttpHandler"/>; bounds
/// of the pool are the defaults.
/// </summary>
internal sealed class PooledForwarderClientFactory : IForwarderHttpClientFactory
{
    public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) => new(
        new PooledHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current),
            ConnectTimeout = TimeSpan.FromSeconds(15),
        },
        disposeHandler: true);
}
