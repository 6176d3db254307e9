using System.CommandLine;
using Warmwire.Cli.Quick;
using Warmwire.Cli.Quick.Ensuring;
using Warmwire.Cli.Quick.Merging;

namespace Warmwire.Cli;

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
        Option<string?> output = ResultOptions.Output();
        Option<string?> report = ResultOptions.Report();
        Option<string?> hgrm = ResultOptions.Hgrm();
        Option<EnsureCondition[]> ensure = ResultOptions.Ensure();
        Option<bool> quiet = ResultOptions.Quiet();

        var command = new DetailedCommand("merge", "Adds the results of several runs of quick that made one load together.", Details) { files, output, report, hgrm, ensure, quiet };
        command.SetAction((parsed, cancellationToken) => run(
            new MergeSettings(
                parsed.GetRequiredValue(files),
                new QuickOutputs(parsed.GetValue(output), parsed.GetValue(report), parsed.GetValue(hgrm), parsed.GetValue(ensure) ?? [], parsed.GetValue(quiet))),
            cancellationToken));
        return command;
    }
}
