using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What most readers came for, at a glance.</summary>
internal static class KeyFigures
{
    public static void Write(Markup markup, QuickResult result)
    {
        ConnectionsResult connections = result.Connections;
        DurationSummary latency = result.LatencyMs.Corrected;
        long errors = result.Errors.Values.Sum();
        string replays = result.ReplaySafeErrors > 0 ? $", {Figures.Count(result.ReplaySafeErrors)} safe to replay" : "";
        markup.Element("h2", "Key figures").Open("dl", ("class", "keys"));
        Key(
            markup,
            "Requests",
            Figures.Count(result.Requests),
            result.Target.IsClosedLoop
                ? Figures.Plural(result.Arrivals, "iteration")
                : $"{Figures.Count(result.Arrivals)} of {Figures.Count(result.Target.Arrivals)} arrivals");
        Key(markup, "Responses", Figures.Count(result.Responses), Figures.Bytes(result.DownloadedBytes) + " of bodies");
        Key(
            markup,
            "Errors",
            Figures.Count(errors),
            errors == 0 ? "no request failed" : Figures.Percent((double)errors / Math.Max(result.Requests, 1)) + " of requests" + replays,
            errors > 0);
        if (result.Unanswered > 0)
        {
            Key(markup, "Unanswered", Figures.Count(result.Unanswered), "under way when the run was ended", isBad: true);
        }

        Key(markup, "Achieved rate", Figures.Rate(result.AchievedRate), result.Target.IsClosedLoop
            ? Figures.Plural(result.Target.Users ?? 0, "user") + " in a closed loop"
            : $"target {Figures.Rate(result.Target.Rate)}");
        Key(markup, "Dropped arrivals", Figures.Count(result.DroppedArrivals), "scheduled but not started", result.DroppedArrivals > 0);
        Key(
            markup,
            "Connections opened",
            Figures.Count(connections.Opened),
            connections.FailedDials == 0 ? "no dial failed" : Figures.Plural(connections.FailedDials, "failed dial"));
        Key(markup, "Peak open", Figures.Count(connections.PeakOpen), "at the same time");
        Key(markup, "Reuse", Figures.PercentRoundedDown(connections.ReuseRatio), "of exchanges");
        string kind = result.Target.IsClosedLoop ? "uncorrected" : "corrected";
        bool isMeasured = latency.Count > 0;
        Key(markup, "p50", isMeasured ? Figures.Milliseconds(latency.P50) : "–", kind);
        Key(markup, "p95", isMeasured ? Figures.Milliseconds(latency.P95) : "–", kind);
        Key(markup, "p99", isMeasured ? Figures.Milliseconds(latency.P99) : "–", kind);
        Key(markup, "Maximum", isMeasured ? Figures.Milliseconds(latency.Max) : "–", kind);
        markup.Close();
    }

    private static void Key(Markup markup, string name, string figure, string note, bool isBad = false) => markup
        .Open("div")
        .Element("dt", name)
        .Open("dd", ("class", isBad ? "bad" : null)).Text(figure + " ").Element("small", note).Close()
        .Close();
}
