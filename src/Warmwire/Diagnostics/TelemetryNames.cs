using System.Net;

namespace Warmwire.Diagnostics;

/// <summary>Values of OpenTelemetry's attributes for HTTP clients.</summary>
internal static class TelemetryNames
{
    public const string OtherMethod = "_OTHER";

    private static readonly HashSet<string> s_known =
        new(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"], StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The method's name; <c>_OTHER</c> for one the conventions do not know, so that requests cannot fill the telemetry with names.
    /// </summary>
    public static string Method(HttpMethod method) => s_known.TryGetValue(method.Method, out string? known) ? known : OtherMethod;

    public static string Version(Version version) =>
        version == HttpVersion.Version11 ? "1.1"
        : version == HttpVersion.Version10 ? "1.0"
        : version == HttpVersion.Version20 ? "2"
        : version.ToString();

    /// <summary>
    /// .NET's names of its error codes, as the conventions of .NET have them; the exception's type where there is no code, and .NET's for
    /// our own, so that what was counted before the type was swapped is counted on.
    /// </summary>
    public static string ErrorType(Exception error) =>
        error is HttpRequestException { HttpRequestError: var code and not HttpRequestError.Unknown }
        ? code switch
        {
            HttpRequestError.NameResolutionError => "name_resolution_error",
            HttpRequestError.ConnectionError => "connection_error",
            HttpRequestError.SecureConnectionError => "secure_connection_error",
            HttpRequestError.HttpProtocolError => "http_protocol_error",
            HttpRequestError.ExtendedConnectNotSupported => "extended_connect_not_supported",
            HttpRequestError.VersionNegotiationError => "version_negotiation_error",
            HttpRequestError.UserAuthenticationError => "user_authentication_error",
            HttpRequestError.ProxyTunnelError => "proxy_tunnel_error",
            HttpRequestError.InvalidResponse => "invalid_response",
            HttpRequestError.ResponseEnded => "response_ended",
            HttpRequestError.ConfigurationLimitExceeded => "configuration_limit_exceeded",
            _ => typeof(HttpRequestException).FullName!,
        }
        : error is HttpRequestException { InnerException: TimeoutException } ? typeof(TimeoutException).FullName!
        : error is TransportException ? typeof(HttpRequestException).FullName!
        : error.GetType().FullName!;
}
