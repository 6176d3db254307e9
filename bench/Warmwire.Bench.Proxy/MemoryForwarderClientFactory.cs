using Warmwire.Bench.Client;
using Yarp.ReverseProxy.Forwarder;

namespace Warmwire.Bench.Proxy;

/// <summary>Gives YARP a handler that answers from memory: what the proxy costs by itself.</summary>
internal sealed class MemoryForwarderClientFactory : IForwarderHttpClientFactory
{
    public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) => new(new MemoryHandler(), disposeHandler: true);
}
