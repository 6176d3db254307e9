using System.Globalization;
using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Compare;

/// <summary>The result in plain words. Every sentence states only what was measured, whichever way it came out.</summary>
internal static class Verdict
{
    private const int FewRequests = 500;

    public static IReadOnlyList<string> Sentences(CompareReport report)
    {
        RowReport bug = report.Row(RowNames.NewHandlerPerRequest);
        RowReport shared = report.Row(RowNames.Warmwire);
        List<string> sentences = [Connections(bug, shared) + Costs(bug, shared) + "."];
        if (TimeWait(report) is { } timeWait)
        {
            sentences.Add(timeWait);
        }

        if (Errors(report) is { } errors)
        {
            sentences.Add(errors);
        }

        if (Math.Min(bug.Requests, shared.Requests) is var fewest and < FewRequests)
        {
            sentences.Add($"{Count(fewest, "request")} {(fewest == 1 ? "is" : "are")} few: the counts are exact, the times and the CPU are rough.");
        }

        if (report.Requests > 1 && report.Requests <= report.Concurrency)
        {
            sentences.Add("All requests were made at once, so hardly one could reuse the connection of another; a larger -n shows reuse.");
        }

        return sentences;
    }

    private static string Connections(RowReport bug, RowReport shared)
    {
        bool alike = bug.Requests == shared.Requests;
        if (alike && bug.Connections == shared.Connections)
        {
            return $"A new handler per request and the shared PooledHttpHandler opened {Count(bug.Connections, "connection")} each";
        }

        return $"A new handler per request opened {Count(bug.Connections, "connection")}"
            + (alike ? null : $" for {Count(bug.Requests, "request")}")
            + $" where the shared PooledHttpHandler opened {shared.Connections}"
            + (alike ? null : $" for {shared.Requests}");
    }

    /// <summary>How the costs of the new handlers compare; empty if neither can be compared.</summary>
    private static string Costs(RowReport bug, RowReport shared)
    {
        bool alike = bug.Requests == shared.Requests;
        string?[] costs =
        [
            Factor(bug.CpuMicrosPerRequest, shared.CpuMicrosPerRequest, alike ? "CPU" : "CPU per request"),
            Factor(bug.P50Ms, shared.P50Ms, "p50 latency"),
        ];
        string told = string.Join(" and ", costs.OfType<string>());
        string subject = alike && bug.Connections == shared.Connections ? "; the new handlers took " : ", took ";
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
        string[] left = [.. report.Rows.Where(static row => row.TimeWaitSockets > 0).Select(static row => $"{row.TimeWaitSockets} by {row.Name}")];
        return left.Length == 0
            ? null
            : $"Sockets left in TIME_WAIT, each holding a local port for about a minute after its connection is gone: {string.Join(", ", left)}.";
    }

    private static string? Errors(CompareReport report)
    {
        string[] failed = [.. report.Rows.Where(static row => row.Errors > 0).Select(static row => $"{row.Errors} of {row.Requests} in {row.Name}")];
        return failed.Length == 0 ? null : $"Requests that failed, left out of rates and latencies: {string.Join(", ", failed)}.";
    }

    private static string Count(long count, string thing) => count == 1 ? $"1 {thing}" : $"{count} {thing}s";
}
