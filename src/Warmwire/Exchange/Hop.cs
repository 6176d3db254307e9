using Warmwire.Connections;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>One request to one URI, which is sent more than once where a server asks for credentials.</summary>
/// <param name="request">The request.</param>
/// <param name="proxy">The proxy it goes through, the same for all its attempts: what is said to the one is not for another.</param>
/// <param name="settings">What holds for it.</param>
/// <param name="total">When its time is over.</param>
/// <param name="stack">Where the program has sent it.</param>
/// <param name="cancellationToken">The caller's.</param>
internal sealed class Hop(
    HttpRequestMessage request,
    ProxyHop? proxy,
    RequestSettings settings,
    TotalDeadline? total,
    string? stack,
    CancellationToken cancellationToken)
{
    public HttpRequestMessage Request => request;

    public ProxyHop? Proxy => proxy;

    /// <summary>Whether that proxy reads the request itself; elsewhere a 407 is that of the server, and not for us to answer.</summary>
    public bool IsForwarded => proxy is not null && ProxyChoice.Forwards(proxy, request);

    public RequestSettings Settings => settings;

    public TotalDeadline? Total => total;

    /// <inheritdoc cref="AttemptRequest.Stack"/>
    public string? Stack => stack;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>The attempt that was made last.</summary>
    public Attempt? Last { get; set; }

    /// <summary>Whether the body was not asked for, or can be produced again.</summary>
    public bool CanSendAgain => Last is { Progress.ContentWithheld: true } || ContentReplay.CanProduceAgain(request.Content);
}
