namespace Warmwire.Cli.Quick.Settings;

/// <summary>
/// A load in which each of some users sends its next request after the response to its last (<c>--users</c>). While the server is slow,
/// fewer requests are sent, so its latencies are uncorrected.
/// </summary>
/// <param name="Users">Of all shards.</param>
/// <param name="Think">How long a user waits between a response and its next request.</param>
/// <param name="Seconds">How long users begin anew; <see langword="null"/> if only their number is limited.</param>
internal sealed record ClosedLoop(int Users, TimeSpan Think, double? Seconds)
{
    public const int MaxUsers = 10_000;
}
