using Warmwire.Runtime;

namespace Warmwire;

/// <summary>What Warmwire adds to the context of a <see cref="PooledHttpHandler.PlaintextStreamFilter"/>, as .NET 11 has it.</summary>
public static class PlaintextStreamFilterContextExtensions
{
    extension(SocketsHttpPlaintextStreamFilterContext context)
    {
        /// <summary>
        /// The number that the connection will have, as in <see cref="TransportConnectionInfo.ConnectionId"/> and in <see
        /// cref="SocketsHttpConnectionEvictionContext.ConnectionId"/>; 0 in a context that another handler has made.
        /// </summary>
        /// <exception cref="ArgumentNullException">The context is <see langword="null"/>.</exception>
        public long ConnectionId => CallbackContexts.ConnectionIdOf(context);
    }
}
