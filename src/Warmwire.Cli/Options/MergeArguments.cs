using System.CommandLine;
using Warmwire.Cli.Quick.Merging;

namespace Warmwire.Cli.Options;

/// <summary>The arguments of <c>merge</c>.</summary>
internal static class MergeArguments
{
    /// <summary>What <c>merge --help</c> says after the options.</summary>
    public const string Details = """
        What is merged:
          Counts and histograms are added, and percentiles are computed from the added histograms: the result is the one
          that a single program would have measured. Rates of runs at the same time are added. The peak of open
          connections is an upper bound, because the time of each part's peak is known only to the second. All results
          must have the same URL, method, HTTP version and requests per arrival. No run or shard may be given twice, and
          no shard may be missing unless --partial is given. Conditions are not taken over; give --ensure again.

        Exit codes:
          0 merged and all conditions passed, 1 a condition failed, 2 the results could not be merged
        """;

    public static Command Command(Func<MergeSettings, CancellationToken, Task<int>> run)
    {
        var files = new Argument<string[]>("file")
        {
            Description = "Results that quick wrote with --output.",
            Arity = ArgumentArity.OneOrMore,
            HelpName = "FILE",
        };
        var partial = new Option<bool>("--partial")
        {
            Description = "Merge also if shards of a run are missing; the result then names them.",
        };
        var results = new ResultOptions();
        var command = new DetailedCommand("merge", "Adds the results of several runs of quick that shared one load.", Details)
        {
            files, partial,
        };
        results.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
            run(new MergeSettings(parsed.GetRequiredValue(files), parsed.GetValue(partial), results.Read(parsed)), cancellationToken));
        return command;
    }
}
