using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Compare;

/// <summary>
/// One thing that is told about each row: its heading where it heads a narrow column, its name where it has a line to itself, its value.
/// </summary>
internal sealed record Metric(string Heading, string Name, Func<RowReport, string> Value)
{
    public static IReadOnlyList<Metric> All { get; } =
    [
        new("Requests", "Requests", static row => Whole(row.Requests)),
        new("Errors", "Errors", static row => Whole(row.Errors)),
        new("Connections\nopened", "Connections opened", static row => Whole(row.Connections)),
        new("TLS hand-\nshakes", "TLS handshakes", static row => Whole(row.TlsHandshakes)),
        new("Reuse\n%", "Reuse %", static row => Share.Percent(row.ReusePercent / 100).ToString("0.0", CultureInfo.InvariantCulture)),
        new("Requests\n/s", "Requests/s", static row => Whole(row.RequestsPerSecond)),
        new("p50\nms", "p50 ms", static row => Fraction(row.P50Ms)),
        new("p99\nms", "p99 ms", static row => Fraction(row.P99Ms)),
        new("CPU µs/\nrequest", "CPU µs/request", static row => Fraction(row.CpuMicrosPerRequest)),
        new("Bytes/\nrequest", "Allocated bytes/request", static row => Whole(row.AllocatedBytesPerRequest)),
        new("Left in\nTIME_WAIT", "Left in TIME_WAIT", static row => Whole(row.TimeWaitSockets)),
    ];

    private static string Whole(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Three digits that count.</summary>
    private static string Fraction(double value) => value switch
    {
        < 10 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => Whole(value),
    };
}
