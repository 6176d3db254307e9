using System.Net.Http.Headers;
using Warmwire.Runtime;

namespace Warmwire.Fields;

/// <summary>
/// CONNECT, the method whose successful response is a tunnel (RFC 9110 §9.3.6). What is asked of it is decided here, however .NET lets it
/// be written.
/// </summary>
internal static class ConnectMethod
{
    /// <summary>Whether the request asks for a tunnel.</summary>
    public static bool IsOf(HttpRequestMessage request) =>
        !ReferenceEquals(request.Method, HttpMethod.Get) && request.Method == HttpMethod.Connect;

    /// <summary>
    /// What an extended CONNECT asks for (RFC 8441 §4), which only HTTP/2 has words for; <see langword="null"/> for any other request.
    /// </summary>
    public static string? ProtocolOf(HttpRequestMessage request)
    {
        HttpRequestHeaders? headers = IsOf(request) ? FrameworkFields.HeadersOf(request) : null;
        return headers?.Protocol;
    }
}
