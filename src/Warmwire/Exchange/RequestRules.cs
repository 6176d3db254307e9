using System.Net;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Pooling;
using Warmwire.Runtime;

namespace Warmwire.Exchange;

/// <summary>What a request must be to be sent at all. The kinds of exceptions are .NET's.</summary>
internal static class RequestRules
{
    /// <summary>
    /// Whether the URI wants TLS. <see cref="System.Net.WebSockets.ClientWebSocket"/> hands its own schemes, ws and wss, to the handler.
    /// </summary>
    public static bool IsTls(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeWss;

    /// <summary>Whether <see cref="Check"/> is sure to pass, told at a glance: the ordinary request.</summary>
    public static bool IsOrdinary(HttpRequestMessage request) =>
        request.RequestUri is { IsAbsoluteUri: true } uri
        && (ReferenceEquals(uri.Scheme, Uri.UriSchemeHttp) || ReferenceEquals(uri.Scheme, Uri.UriSchemeHttps))
        && (ReferenceEquals(request.Version, HttpVersion.Version11) || ReferenceEquals(request.Version, HttpVersion.Version20))
        && !ConnectMethod.IsOf(request)
        && !IsChunkedWithoutContent(request);

    /// <summary>
    /// Which protocols the request's connection may speak, as in .NET. Without TLS nothing negotiates the protocol, so only a request that
    /// wants nothing less than HTTP/2 gets it, by prior knowledge (RFC 9113 §3.3).
    /// </summary>
    public static ProtocolOffer OfferFor(HttpRequestMessage request, bool isTls)
    {
        Version version = request.Version;
        if (ReferenceEquals(version, HttpVersion.Version11) && request.VersionPolicy != HttpVersionPolicy.RequestVersionOrHigher)
        {
            return ProtocolOffer.Http1;
        }

        HttpVersionPolicy policy = request.VersionPolicy;
        bool wanted = (version.Major >= 2 || (policy == HttpVersionPolicy.RequestVersionOrHigher && isTls))
            && (policy != HttpVersionPolicy.RequestVersionOrLower || isTls);
        return !wanted ? ProtocolOffer.Http1
            : isTls ? ProtocolOffer.Http2OrHttp1
            : ProtocolOffer.Http2;
    }

    /// <summary>
    /// The host of a user-given Host header, or <see langword="null"/>. As in .NET it is the name that the server must prove over TLS, and
    /// the server's name in telemetry.
    /// </summary>
    public static string? HostHeaderOf(HttpRequestMessage request)
    {
        if (FrameworkFields.HeadersOf(request)?.Host is not { } host)
        {
            return null;
        }

        int colon = host.LastIndexOf(':');
        return colon >= 0 && !host.EndsWith(']') ? host[..colon] : host;
    }

    /// <summary>The name of the server that the request means.</summary>
    public static string ServerNameOf(HttpRequestMessage request) => HostHeaderOf(request) ?? request.RequestUri!.IdnHost;

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

        if (request.Version > HttpVersion.Version20 && request.VersionPolicy != HttpVersionPolicy.RequestVersionOrLower)
        {
            throw new TransportException(
                HttpRequestError.VersionNegotiationError,
                ErrorTexts.VersionNotSupported(request.Version, request.VersionPolicy),
                inner: null,
                TransportPhase.Connect,
                RequestSent.No,
                OriginOf(uri),
                connectionId: null);
        }

        if (IsChunkedWithoutContent(request))
        {
            throw new TransportException(
                HttpRequestError.Unknown,
                RequestErrorTexts.ChunkedWithoutContent,
                new InvalidOperationException(RequestErrorTexts.ChunkedWithoutContent),
                TransportPhase.Connect,
                RequestSent.No,
                OriginOf(uri),
                connectionId: null);
        }

        if (ConnectMethod.ProtocolOf(request) is not null && OfferFor(request, IsTls(uri)) == ProtocolOffer.Http1)
        {
            throw PoolErrors.ExtendedConnectNotSupported(OriginOf(uri));
        }
    }

    /// <summary>For texts, without a user and password that the URI may name.</summary>
    private static string OriginOf(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    /// <summary>HTTP/1.1 has no body to code then, and HTTP/2 has no such field.</summary>
    private static bool IsChunkedWithoutContent(HttpRequestMessage request) =>
        request.Content is null
        && FrameworkFields.HeadersOf(request) is { } headers
        && headers.NonValidated.Contains("Transfer-Encoding")
        && headers.TransferEncodingChunked == true;

    private static bool IsVersionOfHttp(Version version) =>
        version == HttpVersion.Version11
        || version == HttpVersion.Version20
        || version == HttpVersion.Version30
        || version == HttpVersion.Version10;
}
