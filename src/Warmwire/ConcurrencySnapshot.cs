using System.Globalization;

namespace Warmwire;

/// <summary>The limit of an origin's exchanges under way at one moment; see <see cref="AdaptiveConcurrency"/>.</summary>
public sealed record ConcurrencySnapshot
{
    internal ConcurrencySnapshot()
    {
    }

    /// <summary>How many exchanges may be under way.</summary>
    public required int Limit { get; init; }

    /// <summary>How many are: given a connection, and the response's body not at its end. Tunnels are not counted.</summary>
    public required int InFlight { get; init; }

    /// <summary>The latency of the idle server, from connection to head; <see langword="null"/>: not known yet.</summary>
    public required TimeSpan? MinLatency { get; init; }

    /// <summary>The latency in the last window of time; <see langword="null"/>: not known yet.</summary>
    public required TimeSpan? SampledLatency { get; init; }

    /// <summary>Whether <see cref="MinLatency"/> is being measured: <see cref="Limit"/> is lower for that time.</summary>
    public required bool IsMeasuring { get; init; }

    /// <summary>Exchanges under way, limit, latencies.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{InFlight} of {Limit}{(IsMeasuring ? ", measuring" : "")}, latency {Text(SampledLatency)}, at least {Text(MinLatency)}");

    private static string Text(TimeSpan? latency) =>
        latency is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalMilliseconds:0.##} ms") : "unknown";
}
