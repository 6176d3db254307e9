using System.CommandLine;
using System.CommandLine.Parsing;
using Warmwire.Cli.Quick.Differences;

namespace Warmwire.Cli.Options;

/// <summary>The arguments of <c>diff</c>.</summary>
internal static class DiffArguments
{
    /// <summary>What <c>diff --help</c> says after the options.</summary>
    public const string Details = """
        What is compared:
          Percentiles of corrected latency, responses per second, the shares of errors, of failed requests and of reused
          connections, connections opened and closed. Each figure has an interval: percentiles from the ranks between
          which they lie whatever the distribution, shares and rates from their counts. Where slow responses came in
          groups, they count as fewer. A change is told if its interval leaves 0 out; ~ marks those that are not.

        Conditions of --fail-on:
          p99>+10%  p(99.9)>+5ms  rate<-5%  connections>+20%  closes.ServerClosed>+1    % of the first run's figure
          errors>+0.5%  failed>+1%  reuse<-2%                                           points of %
          A condition fails the comparison if the change is beyond it and is more than chance explains.

        Exit codes:
          0 no condition failed, 1 a condition failed, 2 the results could not be compared
        """;

    public static Command Command(Func<DiffSettings, CancellationToken, Task<int>> run)
    {
        var before = new Argument<string>("before") { Description = "The first result, which quick or merge wrote.", HelpName = "FILE" };
        var after = new Argument<string>("after") { Description = "The second result.", HelpName = "FILE" };
        Option<IReadOnlyList<double>?> percentiles = ResultOptions.Percentiles("The latency percentiles to compare, such as 50,99.");
        var failOn = new Option<FailCondition[]>("--fail-on")
        {
            Description = "A change that decides the exit code, such as 'p99>+10%'; may be given several times.",
            HelpName = "CHANGE",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            CustomParser = ParseConditions,
        };
        var json = new Option<bool>("--json") { Description = "Print the comparison as JSON." };
        var command = new DetailedCommand("diff", "Compares two results of quick and tells what changed.", Details)
        {
            before, after, percentiles, failOn, json,
        };
        command.SetAction((parsed, cancellationToken) => run(
            new DiffSettings(
                parsed.GetRequiredValue(before),
                parsed.GetRequiredValue(after),
                parsed.GetValue(percentiles) ?? [],
                parsed.GetValue(failOn) ?? [],
                parsed.GetValue(json)),
            cancellationToken));
        return command;
    }

    private static FailCondition[] ParseConditions(ArgumentResult argument)
    {
        var conditions = new List<FailCondition>();
        foreach (Token token in argument.Tokens)
        {
            if (FailCondition.TryParse(token.Value, out FailCondition? condition, out string? error))
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
