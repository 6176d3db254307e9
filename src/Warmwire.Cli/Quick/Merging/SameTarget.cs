using System.Globalization;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>What results must have in common: added up, figures of different requests would mean nothing.</summary>
internal static class SameTarget
{
    private static readonly (string Name, Func<TargetResult, string> Of)[] s_fields =
    [
        ("URL", static target => target.Url),
        ("method", static target => target.Method),
        ("model of load", static target => target.Model),
        ("stages", static target => target.Stages is { Count: > 0 } stages ? string.Join(' ', stages) : "none"),
        ("number of requests per arrival", static target => target.RequestsPerArrival.ToString(CultureInfo.InvariantCulture)),
        ("HTTP version", static target => target.HttpVersion),
        ("use of a new connection per request", static target => target.NewConnectionPerRequest ? "yes" : "no"),
    ];

    /// <exception cref="CommandFailure">Two of them differ.</exception>
    public static void Check(IReadOnlyList<NamedResult> parts)
    {
        NamedResult first = parts[0];
        foreach (NamedResult part in parts)
        {
            foreach ((string name, Func<TargetResult, string> of) in s_fields)
            {
                if (!string.Equals(of(first.Result.Target), of(part.Result.Target), StringComparison.Ordinal))
                {
                    throw new CommandFailure(
                        $"results of different loads cannot be merged: the {name} is {of(first.Result.Target)} in {first.Name} and "
                            + $"{of(part.Result.Target)} in {part.Name}");
                }
            }
        }
    }
}
