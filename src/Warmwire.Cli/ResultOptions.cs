using System.CommandLine;
using System.CommandLine.Parsing;
using Warmwire.Cli.Quick.Ensuring;

namespace Warmwire.Cli;

/// <summary>Options for what becomes of a load test's result, of a run and of several merged.</summary>
internal static class ResultOptions
{
    public static Option<string?> Output() => new("--output", "-o") { Description = "Write the whole result as JSON.", HelpName = "FILE" };

    public static Option<string?> Report() => new("--report") { Description = "Write a report as one HTML file.", HelpName = "FILE" };

    public static Option<string?> Hgrm() => new("--hgrm") { Description = "Write the corrected latencies as a percentile distribution for HdrHistogram's plotter.", HelpName = "FILE" };

    public static Option<bool> Quiet() => new("--quiet", "-q") { Description = "Print nothing but conditions that were missed." };

    public static Option<EnsureCondition[]> Ensure() => new("--ensure")
    {
        Description = "A condition that decides the exit code, such as 'p(95)<500'; may be given several times.",
        HelpName = "CONDITION",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = ParseConditions,
    };

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
