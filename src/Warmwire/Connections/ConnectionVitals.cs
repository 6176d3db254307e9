namespace Warmwire.Connections;

/// <summary>How a multiplexed connection is doing, for the snapshot.</summary>
/// <param name="WindowStalls">How often a request's body had to wait for the server's flow control.</param>
/// <param name="PingRoundTrip">The shortest round trip of a ping, or of the first settings, so far; <see langword="null"/> if none is
/// known.</param>
/// <param name="Allowances">Of frames that bring nothing, the largest part of each allowance that was in use, by what is counted.</param>
internal readonly record struct ConnectionVitals(
    long WindowStalls, TimeSpan? PingRoundTrip, IReadOnlyDictionary<string, double>? Allowances);
