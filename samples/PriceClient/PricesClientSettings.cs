namespace Warmwire.Samples.PriceClient;

/// <param name="Endpoint">Where the prices are, such as <c>https://prices.example.com/</c>; a path is kept.</param>
internal sealed record PricesClientSettings(Uri Endpoint)
{
    /// <summary>The time one call may take, its body included.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The bytes an answer may have.</summary>
    public int MaxBodySize { get; init; } = 64 * 1024;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
