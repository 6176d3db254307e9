using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Differences;

/// <summary>All figures of two runs, compared at one confidence: that no difference at all is claimed where there is none.</summary>
internal sealed record RunDifference
{
    /// <summary>Of all claims together.</summary>
    public const double Confidence = 0.95;

    /// <summary>The percentiles that are compared without <c>--percentiles</c>.</summary>
    public static readonly IReadOnlyList<double> UsualPercentiles = [50, 90, 95, 99, 99.9];

    public required NamedResult Before { get; init; }

    public required NamedResult After { get; init; }

    public required IReadOnlyList<FigureDifference> Figures { get; init; }

    /// <param name="before">The first run.</param>
    /// <param name="after">The second.</param>
    /// <param name="percentiles">In ascending order.</param>
    /// <exception cref="CommandFailure">A result is damaged, or has nothing to compare.</exception>
    public static RunDifference Of(NamedResult before, NamedResult after, IReadOnlyList<double> percentiles)
    {
        foreach (NamedResult one in (NamedResult[])[before, after])
        {
            if (one.Result.Requests == 0 || !(one.Result.ElapsedSeconds > 0))
            {
                throw new CommandFailure($"{one.Name} has no requests to compare", ExitCodes.CouldNotRun);
            }
        }

        string[] reasons =
        [
            .. before.Result.Connections.ClosedBy.Keys.Union(after.Result.Connections.ClosedBy.Keys, StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
        LatencySample[] samples = [Sample(before), Sample(after)];
        bool hasLatencies = samples.All(static sample => sample.Count > 0);
        int claims = (hasLatencies ? percentiles.Count : 0) + 5 + reasons.Length;
        double outside = (1 - Confidence) / claims;
        double z = NormalDistribution.TwoSided(outside);
        return new RunDifference
        {
            Before = before,
            After = after,
            Figures =
            [
                .. (hasLatencies ? percentiles : []).Select(percentile => new FigureDifference(
                    PercentileList.NameOf(percentile),
                    FigureKind.Latency,
                    samples[0].Percentile(percentile, outside),
                    samples[1].Percentile(percentile, outside))),
                Compare("rate", FigureKind.Rate, result => Estimate.Rate(result.Responses, Seconds(result), z)),
                Compare("errors", FigureKind.Share, result => Estimate.Share(Errors(result), result.Requests, z, ErrorScatter(result))),
                Compare("failed", FigureKind.Share, result => Estimate.Share(
                    Errors(result) + BadResponses(result), result.Requests, z, ErrorScatter(result))),
                Compare("reuse", FigureKind.Share, result => Estimate.Share(
                    result.Connections.ReuseRatio * Exchanges(result), Exchanges(result), z)),
                Compare("connections", FigureKind.PerThousand, result => PerThousand(result.Connections.Opened, result, z)),
                .. reasons.Select(reason => Compare($"closes.{reason}", FigureKind.PerThousand, result =>
                    PerThousand(result.Connections.ClosedBy.TryGetValue(reason, out long count) ? count : 0, result, z))),
            ],
        };

        FigureDifference Compare(string name, FigureKind kind, Func<QuickResult, Estimate> of) =>
            new(name, kind, of(before.Result), of(after.Result));
    }

    private static LatencySample Sample(NamedResult named)
    {
        try
        {
            return new LatencySample(named.Result);
        }
        catch (FormatException error)
        {
            throw new CommandFailure($"{named.Name} is damaged: a histogram: {error.Message}", error, ExitCodes.CouldNotRun);
        }
    }

    /// <summary>While arrivals were started: that the last request took long makes no response of the others later.</summary>
    private static double Seconds(QuickResult result) => result.AchievedRate > 0 && result.Arrivals > 0
        ? result.Arrivals / result.AchievedRate
        : result.ElapsedSeconds;

    private static long Errors(QuickResult result) => Math.Min(result.Errors.Values.Sum() + result.Unanswered, result.Requests);

    private static long BadResponses(QuickResult result) => Math.Min(
        result.Codes.Where(static pair => pair.Key.Length > 0 && pair.Key[0] is '4' or '5').Sum(static pair => pair.Value),
        result.Requests - Errors(result));

    /// <summary>Files of older versions do not have exchanges.</summary>
    private static long Exchanges(QuickResult result) => Math.Max(Math.Max(result.Connections.Exchanges, result.Requests), 1);

    private static double ErrorScatter(QuickResult result) => Scatter.OfShares(
        [.. result.Series.Points.Select(static point => point.Errors)],
        [.. result.Series.Points.Select(static point => point.Errors + point.Responses)]);

    private static Estimate PerThousand(long count, QuickResult result, double z) => Estimate.Rate(count, result.Requests / 1000.0, z);
}
