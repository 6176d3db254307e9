namespace Warmwire.Connections;

/// <summary>How a multiplexed connection is doing, for the snapshot.</summary>
/// <param name="WindowStalls">How often a request's body had to wait for the server's flow control.</param>
/// <param name="PingRoundTrip">How long the last ping took; <see langword="null"/> if none came back.</param>
internal readonly record struct ConnectionVitals(long WindowStalls, TimeSpan? PingRoundTrip);
