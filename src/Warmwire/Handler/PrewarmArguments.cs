using System.Net;
using Warmwire.Diagnostics;

namespace Warmwire.Handler;

/// <summary>What <see cref="PooledHttpHandler.PrewarmAsync(Uri, int, Version, CancellationToken)"/> accepts.</summary>
internal static class PrewarmArguments
{
    public static void Check(Uri origin, int connections, Version httpVersion)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(httpVersion);
        ArgumentOutOfRangeException.ThrowIfLessThan(connections, 1);
        if (!origin.IsAbsoluteUri || (origin.Scheme != Uri.UriSchemeHttp && origin.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException(ErrorTexts.OriginMustBeHttp(origin), nameof(origin));
        }

        if (httpVersion != HttpVersion.Version11 && httpVersion != HttpVersion.Version20)
        {
            throw new ArgumentOutOfRangeException(nameof(httpVersion), httpVersion, ErrorTexts.MustBeHttp11Or20);
        }
    }
}
