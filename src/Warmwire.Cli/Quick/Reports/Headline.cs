using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>What was loaded, with how much, and when.</summary>
internal static class Headline
{
    private const int LongestUrl = 500;

    public static string Target(TargetResult target) => $"{Figures.Shorten(target.Method, 30)} {Figures.Shorten(target.Url, LongestUrl)}";

    public static void Write(Markup markup, QuickResult result)
    {
        TargetResult target = result.Target;
        markup.Open("header").Element("p", "warmwire quick · load test", ("class", "brand")).Element("h1", Target(target));
        List<string> facts =
        [
            target.IsClosedLoop
                ? $"closed loop of {Figures.Plural(target.Users ?? 0, "user")}, latencies uncorrected"
                : $"{Figures.Rate(target.Rate)} for {Figures.Duration(target.DurationSeconds)}",
            target.Stages is { } stages ? $"stages {Figures.Shorten(string.Join(' ', stages), 200)}" : "",
            target.WarmUpSeconds > 0 ? $"after {Figures.Duration(target.WarmUpSeconds)} of warm-up" : "",
            target.RequestsPerArrival == 1 ? "" : $"{Figures.Count(target.RequestsPerArrival)} requests per arrival",
            $"HTTP/{Figures.Shorten(target.HttpVersion, 10)}",
            target.NewConnectionPerRequest ? "a new connection per request" : "",
            target.MaxConnections is { } most ? $"at most {Figures.Plural(most, "connection")}" : "",
            target.TimeoutSeconds > 0 ? $"timeout {Figures.Duration(target.TimeoutSeconds)}" : "",
            target.Shard is { } shard ? $"shard {Figures.Shorten(shard, 20)}" : "",
            result.RunId is { } runId ? $"run {Figures.Shorten(runId, 100)}" : "",
            result.Merged > 1 ? $"{Figures.Count(result.Merged)} results merged" : "",
            result.StartedAt.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture),
        ];
        markup.Element("p", string.Join(" · ", facts.Where(fact => fact.Length > 0)), ("class", "facts"));
        if (result.Interrupted)
        {
            markup.Open("p")
                .Element("strong", $"Interrupted after {Figures.Duration(result.ElapsedSeconds)}; the figures cover the time until then.")
                .Close();
        }

        markup.Close();
    }
}
