using System.Net;
using Warmwire.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>What a request must be to be sent at all. The kinds of exceptions are .NET's.</summary>
internal static class RequestRules
{
    public static void Check(HttpRequestMessage request)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            throw new InvalidOperationException(ErrorTexts.RequestUriMustBeHttp(request.RequestUri));
        }

        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
        {
            throw new NotSupportedException(ErrorTexts.RequestUriMustBeHttp(uri));
        }

        if (!IsVersionOfHttp(request.Version))
        {
            throw new NotSupportedException(ErrorTexts.VersionNotSupported(request.Version, request.VersionPolicy));
        }

        if (request.Version > HttpVersion.Version11 && request.VersionPolicy != HttpVersionPolicy.RequestVersionOrLower)
        {
            throw new HttpRequestException(HttpRequestError.VersionNegotiationError, ErrorTexts.VersionNotSupported(request.Version, request.VersionPolicy));
        }
    }

    private static bool IsVersionOfHttp(Version version) =>
        version == HttpVersion.Version11 || version == HttpVersion.Version20 || version == HttpVersion.Version30 || version == HttpVersion.Version10;
}
