using Warmwire.Authentication;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Connections;

/// <summary>What an attempt sends and under which settings. Immutable: a replay sends the same.</summary>
internal readonly record struct AttemptRequest(HttpRequestMessage Message, RequestSettings Settings, CancellationToken CancellationToken)
{
    /// <summary>From the cookie container.</summary>
    public string? CookieHeader { get; init; }

    /// <summary>To ask for the content codings that will be undone.</summary>
    public string? AcceptEncoding { get; init; }

    /// <summary>Credentials; <see langword="null"/> for a request to which the transport adds none.</summary>
    public AuthorizationFields? Authorization { get; init; }

    /// <summary>Trace context.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? PropagatedHeaders { get; init; }

    /// <summary>The proxy it goes through; <see langword="null"/> for none.</summary>
    public ProxyHop? Proxy { get; init; }

    /// <summary>Ends the exchange when its total time is over, also while the body is read.</summary>
    public TotalDeadline? TotalDeadline { get; init; }

    /// <summary>How often the request was sent before, in vain.</summary>
    public int Replays { get; init; }

    /// <summary>How often it waited again for its turn, because a connection had no slot for it after all.</summary>
    public int TurnsAway { get; init; }

    /// <summary>Where the request was sent, if the program asked to remember.</summary>
    public string? Stack { get; init; }
}
