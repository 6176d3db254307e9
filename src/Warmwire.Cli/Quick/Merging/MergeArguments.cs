using System.CommandLine;
using System.CommandLine.Parsing;
using Warmwire.Cli.Quick.Ensuring;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>What <c>merge</c> was asked for.</summary>
internal sealed record MergeSettings(
    IReadOnlyList<string> Files,
    string? Output,
    string? Report,
    string? Hgrm,
    IReadOnlyList<EnsureCondition> Ensure,
    bool Quiet);

/// <summary>The options of <c>merge</c>.</summary>
internal static class MergeArguments
{
    /// <summary>What <c>merge --help</c> says after the options.</summary>
    public const string Details = """
        What is merged:
          Counts and histograms are added, and percentiles are those of the added histograms: the result is
          what one program would have measured that made all the load. Rates of runs at the same time are
          added. The peak of open connections is an upper bound, because the moments of the parts' peaks are
          known to the second. Results must be of the same URL, method, HTTP version and requests per arrival.
          Conditions of the parts are not taken over; give --ensure again.

        Exit code:
          0 merged, and every --ensure held; 1 an --ensure did not hold; 2 it could not be merged.
        """;

    public static Command Command(Func<MergeSettings, CancellationToken, Task<int>> run)
    {
        var files = new Argument<string[]>("file") { Description = "Results that quick wrote with --output.", Arity = ArgumentArity.OneOrMore, HelpName = "FILE" };
        var output = new Option<string?>("--output", "-o") { Description = "Write the merged result there, as JSON.", HelpName = "FILE" };
        var report = new Option<string?>("--report") { Description = "Write a report there, as HTML.", HelpName = "FILE" };
        var hgrm = new Option<string?>("--hgrm") { Description = "Write the latencies' percentiles there, as tools for HdrHistogram plot them.", HelpName = "FILE" };
        var ensure = new Option<EnsureCondition[]>("--ensure")
        {
            Description = "Fail unless this holds, such as \"p(95)<500\", \"errors<1%\" or \"reuse>=0.95\". May be given several times.",
            HelpName = "CONDITION",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            CustomParser = ParseConditions,
        };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print no summary." };

        var command = new DetailedCommand("merge", "Adds the results of several runs of quick that made one load together.", Details) { files, output, report, hgrm, ensure, quiet };
        command.SetAction((parsed, cancellationToken) => run(
            new MergeSettings(
                parsed.GetRequiredValue(files),
                parsed.GetValue(output),
                parsed.GetValue(report),
                parsed.GetValue(hgrm),
                parsed.GetValue(ensure) ?? [],
                parsed.GetValue(quiet)),
            cancellationToken));
        return command;
    }

    private static EnsureCondition[] ParseConditions(ArgumentResult argument)
    {
        var conditions = new List<EnsureCondition>();
        foreach (Token token in argument.Tokens)
        {
            if (EnsureCondition.TryParse(token.Value, out EnsureCondition? condition, out string? error))
            {
                conditions.Add(condition);
            }
            else
            {
                argument.AddError(error);
            }
        }

        return [.. conditions];
    }
}
