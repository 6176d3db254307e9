using System.Net;
using Warmwire.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>What a request must be to be sent at all. The kinds of exceptions are .NET's.</summary>
internal static class RequestRules
{
    /// <summary>Whether the URI wants TLS. <see cref="System.Net.WebSockets.ClientWebSocket"/> hands its own schemes, ws and wss, to the handler.</summary>
    public static bool IsTls(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeWss;

    /// <summary>Whether <see cref="Check"/> is sure to pass, told at a glance: the ordinary request.</summary>
    public static bool IsOrdinary(HttpRequestMessage request) =>
        request.RequestUri is { IsAbsoluteUri: true } uri
        && (ReferenceEquals(uri.Scheme, Uri.UriSchemeHttp) || ReferenceEquals(uri.Scheme, Uri.UriSchemeHttps))
        && ReferenceEquals(request.Version, HttpVersion.Version11);

    public static void Check(HttpRequestMessage request)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            throw new InvalidOperationException(ErrorTexts.RequestUriMustBeHttp(request.RequestUri));
        }

        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeWs && !IsTls(uri))
        {
            throw new NotSupportedException(ErrorTexts.RequestUriMustBeHttp(uri));
        }

        if (!IsVersionOfHttp(request.Version))
        {
            throw new NotSupportedException(ErrorTexts.VersionNotSupported(request.Version, request.VersionPolicy));
        }

        if (request.Version > HttpVersion.Version11 && request.VersionPolicy != HttpVersionPolicy.RequestVersionOrLower)
        {
            throw new TransportException(
                HttpRequestError.VersionNegotiationError,
                ErrorTexts.VersionNotSupported(request.Version, request.VersionPolicy),
                inner: null,
                TransportPhase.Connect,
                RequestSent.No,
                uri.GetLeftPart(UriPartial.Authority),
                connectionId: null);
        }
    }

    private static bool IsVersionOfHttp(Version version) =>
        version == HttpVersion.Version11 || version == HttpVersion.Version20 || version == HttpVersion.Version30 || version == HttpVersion.Version10;
}
