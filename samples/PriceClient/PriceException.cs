using System.Net;

namespace Warmwire.Samples.PriceClient;

/// <summary>
/// No price, and all that is known about why. The caller's own cancellation is <see cref="OperationCanceledException"/> instead.
/// </summary>
internal sealed class PriceException(string symbol, Uri uri, string reason, Exception? inner = null)
    : Exception($"No price of '{symbol}' from {uri}: {reason}", inner)
{
    /// <summary>What was asked for.</summary>
    public string Symbol { get; } = symbol;

    /// <summary>Where.</summary>
    public Uri Uri { get; } = uri;

    /// <summary>The answer's status, or <see langword="null"/> if there was no answer.</summary>
    public HttpStatusCode? StatusCode { get; init; }

    /// <summary>How the answer's body begins, or <see langword="null"/> if none was read.</summary>
    public string? BodyStart { get; init; }

    /// <summary>Whether the deadline of the call ran out.</summary>
    public bool IsTimeout { get; init; }
}
