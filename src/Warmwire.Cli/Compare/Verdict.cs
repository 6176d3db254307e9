using System.Globalization;
using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Compare;

/// <summary>The result in plain words. Every sentence states only what was measured.</summary>
internal static class Verdict
{
    private const int FewRequests = 500;

    public static IReadOnlyList<string> Sentences(CompareReport report)
    {
        RowReport before = report.Row(RowNames.NewHandlerPerRequest);
        RowReport shared = report.Row(RowNames.Warmwire);
        List<string> sentences = [Connections(before, shared) + Costs(before, shared) + "."];
        if (TimeWait(report) is { } timeWait)
        {
            sentences.Add(timeWait);
        }

        if (Errors(report) is { } errors)
        {
            sentences.Add(errors);
        }

        if (Math.Min(before.Requests, shared.Requests) is var fewest and < FewRequests)
        {
            sentences.Add($"{Count(fewest, "request")} {(fewest == 1 ? "is" : "are")} few: counts are exact, times and CPU are rough.");
        }

        if (report.Requests > 1 && report.Requests <= report.Concurrency)
        {
            sentences.Add("All requests were sent at once, so few could reuse a connection; use a larger -n to see reuse.");
        }

        return sentences;
    }

    private static string Connections(RowReport before, RowReport shared)
    {
        bool alike = before.Requests == shared.Requests;
        if (alike && before.Connections == shared.Connections)
        {
            return $"A new handler per request and the shared PooledHttpHandler opened {Count(before.Connections, "connection")} each";
        }

        return $"A new handler per request opened {Count(before.Connections, "connection")}"
            + (alike ? null : $" for {Count(before.Requests, "request")}")
            + $" where the shared PooledHttpHandler opened {shared.Connections}"
            + (alike ? null : $" for {shared.Requests}");
    }

    /// <summary>The costs of new handlers relative to the shared one; empty if neither can be compared.</summary>
    private static string Costs(RowReport before, RowReport shared)
    {
        bool alike = before.Requests == shared.Requests;
        string?[] costs =
        [
            Factor(before.CpuMicrosPerRequest, shared.CpuMicrosPerRequest, alike ? "CPU" : "CPU per request"),
            Factor(before.P50Ms, shared.P50Ms, "p50 latency"),
        ];
        string told = string.Join(" and ", costs.OfType<string>());
        string subject = alike && before.Connections == shared.Connections ? "; the new handlers took " : ", took ";
        return told.Length == 0 ? "" : subject + told;
    }

    private static string? Factor(double value, double reference, string cost)
    {
        if (reference <= 0)
        {
            return null;
        }

        double factor = value / reference;
        return factor switch
        {
            > 0.95 and < 1.05 => $"about the same {cost}",
            >= 9.95 => $"{factor.ToString("0", CultureInfo.InvariantCulture)}x the {cost}",
            >= 1 => $"{factor.ToString("0.0", CultureInfo.InvariantCulture)}x the {cost}",
            _ => $"{factor.ToString("0.00", CultureInfo.InvariantCulture)}x the {cost}",
        };
    }

    private static string? TimeWait(CompareReport report)
    {
        string[] left =
        [
            .. report.Rows.Where(static row => row.TimeWaitSockets > 0).Select(static row => $"{row.TimeWaitSockets} by {row.Name}"),
        ];
        return left.Length == 0
            ? null
            : $"Sockets left in TIME_WAIT, each of which holds a local port for about a minute: {string.Join(", ", left)}.";
    }

    private static string? Errors(CompareReport report)
    {
        string[] failed =
        [
            .. report.Rows.Where(static row => row.Errors > 0).Select(static row => $"{row.Errors} of {row.Requests} in {row.Name}"),
        ];
        return failed.Length == 0 ? null : $"Failed requests, not in rates and latencies: {string.Join(", ", failed)}.";
    }

    private static string Count(long count, string thing) => count == 1 ? $"1 {thing}" : $"{count} {thing}s";
}
