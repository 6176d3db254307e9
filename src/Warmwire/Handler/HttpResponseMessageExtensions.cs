using Warmwire.Bodies;

namespace Warmwire;

/// <summary>What Warmwire adds to a response.</summary>
public static class HttpResponseMessageExtensions
{
    /// <summary>Tells which connection served the response and how long each phase took.</summary>
    /// <param name="response">A response of <see cref="PooledHttpHandler"/>.</param>
    /// <returns>The information, or <see langword="null"/> if another handler made the response or its content was replaced.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static TransportConnectionInfo? GetConnectionInfo(this HttpResponseMessage response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return (response.Content as IConnectionInfoSource)?.ConnectionInfo;
    }
}
