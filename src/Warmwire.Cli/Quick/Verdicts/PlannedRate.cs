using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Whether what was planned was sent, and was sent on time.</summary>
internal sealed class PlannedRate : IVerdict
{
    public string? Of(QuickResult result)
    {
        if (result.Requests == 0)
        {
            return null;
        }

        // Where an arrival is one request, its rate is that of requests.
        (string verb, string unit) = result.Target.RequestsPerArrival == 1 ? ("Sent", "requests/s") : ("Started", "arrivals/s");
        if (result.Target.Stages is { Count: > 0 } && (result.Interrupted || result.Aborted is not null))
        {
            // The rate that was planned is that of all stages.
            return $"{verb} {Amounts.Rate(result.AchievedRate)} {unit} until it was ended.";
        }

        string sent = result.Target.IsClosedLoop
            ? $"{verb} {Amounts.Rate(result.AchievedRate)} {unit}, which the responses determined"
            : $"{verb} {Amounts.Rate(result.AchievedRate)} of the planned {Amounts.Rate(result.Target.Rate)} {unit}";
        bool hasKeptUp = !result.GeneratorLimited && !ConnectionLimit.WasReached(result);
        return hasKeptUp ? $"{sent}; the load generator kept up." : $"{sent}.";
    }
}
