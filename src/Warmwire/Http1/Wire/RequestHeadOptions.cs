using System.Net.Http.Headers;
using Warmwire.Authentication;
using Warmwire.Fields;

namespace Warmwire.Http1.Wire;

/// <summary>What a request's head needs besides the request.</summary>
internal readonly struct RequestHeadOptions
{
    /// <summary>From <see cref="RequestBodyPlan.For"/>.</summary>
    public RequestBodyPlan Body { get; init; }

    /// <summary>What the cookie container has for the URI, formatted; follows cookies the caller set itself.</summary>
    public string? CookieHeader { get; init; }

    /// <summary>
    /// Credentials, in place of those the caller set itself. Those for a proxy are written with <see cref="AbsoluteForm"/> alone.
    /// </summary>
    public AuthorizationFields? Authorization { get; init; }

    /// <summary>From <see cref="HostField.ValueFor"/> if it is at hand, else it is made from the URI. A Host the caller set wins.</summary>
    public byte[]? HostValue { get; init; }

    /// <summary>The connection's own, if it has one.</summary>
    public RequestTargetCache? Target { get; init; }

    /// <summary>The request goes to a proxy as it is (RFC 9112 §3.2.2).</summary>
    public bool AbsoluteForm { get; init; }

    /// <summary>
    /// The request goes through the tunnel of a proxy, which is where a <c>Proxy-Authorization</c> of the caller would end.
    /// </summary>
    public bool OmitsProxyAuthorization { get; init; }

    /// <summary><see cref="PooledHttpHandler.RequestHeaderEncodingSelector"/>.</summary>
    public HeaderEncodingSelector<HttpRequestMessage>? EncodingSelector { get; init; }

    /// <summary>Content codings to ask for besides those the caller asks for itself.</summary>
    public string? AcceptEncoding { get; init; }

    /// <summary>
    /// Headers of the exchange that are not in the request, such as <c>traceparent</c>. One the caller set under the same name wins.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>>? ExtraHeaders { get; init; }
}
