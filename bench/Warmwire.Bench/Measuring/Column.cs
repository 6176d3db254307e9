namespace Warmwire.Bench.Measuring;

/// <summary>One column of a scenario's table.</summary>
/// <param name="Title">Its heading, with the unit.</param>
/// <param name="Value">What it shows of a round; <see langword="null"/> if the client does not tell.</param>
/// <param name="Digits">Digits after the point.</param>
/// <param name="Compared">Its name in the ratio column; <see langword="null"/> if it gets no ratio.</param>
internal sealed record Column(string Title, Func<Sample, double?> Value, int Digits = 0, string? Compared = null);

/// <summary>Columns that several scenarios have.</summary>
internal static class Columns
{
    public static Column RequestsPerSecond { get; } = new(
        "requests/s", static s => s["requests"] / s["wallUs"] * 1e6, Compared: "requests/s");

    public static Column Cpu { get; } = new("CPU µs/request", static s => (s["userUs"] + s["systemUs"]) / s["requests"], 2, "CPU");

    public static Column Allocated { get; } = new("B allocated/request", static s => s["allocated"] / s["requests"]);

    public static Column P50 { get; } = new("p50 µs", static s => s["p50Us"]);

    public static Column P99 { get; } = new("p99 µs", static s => s["p99Us"]);

    public static Column P999 { get; } = new("p99.9 µs", static s => s["p999Us"]);

    public static Column Switches { get; } = new(
        "context switches/1,000 requests", static s => (s["voluntary"] + s["involuntary"]) / s["requests"] * 1000);

    public static Column ConnectionsPerThousand { get; } = new(
        "connections/1,000 requests", static s => s["connections"] / s["requests"] * 1000, 1, "connections");

    /// <summary>Those the contestant has opened since it started, warm-up included.</summary>
    public static Column Opened { get; } = new("connections opened", static s => s["opened"]);

    /// <summary>What every closed loop shows.</summary>
    public static IReadOnlyList<Column> Loop { get; } = [RequestsPerSecond, Cpu, Allocated, P50, P99, P999, Switches];
}
