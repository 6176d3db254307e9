using Warmwire.Runtime;

namespace Warmwire;

/// <summary>What Warmwire adds to a request, under the name that .NET 11 has for it.</summary>
public static class HttpRequestMessageExtensions
{
    extension(HttpRequestMessage request)
    {
        /// <summary>
        /// The number of the connection that the request was most recently sent on; <see langword="null"/> if it was sent on none, or
        /// nobody wanted to know: see <see cref="TransportOptions.ConnectionId"/>.
        /// </summary>
        /// <exception cref="ArgumentNullException">The request is <see langword="null"/>.</exception>
        public long? ConnectionId
        {
            get
            {
                ArgumentNullException.ThrowIfNull(request);
                return FrameworkFields.OptionsOf(request) is { } options
                    && options.TryGetValue(TransportOptions.ConnectionId, out long? id) ? id : null;
            }
        }
    }
}
