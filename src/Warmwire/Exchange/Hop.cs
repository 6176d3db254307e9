using Warmwire.Connections;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>One request to one URI, which is sent more than once where a server asks for credentials.</summary>
internal sealed class Hop(
    HttpRequestMessage request, RequestSettings settings, TotalDeadline? total, string? stack, CancellationToken cancellationToken)
{
    public HttpRequestMessage Request => request;

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
