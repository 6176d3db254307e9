using System.CommandLine;
using System.CommandLine.Parsing;
using Warmwire.Cli.Quick.Ensuring;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Options;

/// <summary>The options that say what is done with a load test's result, of one run and of several merged.</summary>
internal sealed class ResultOptions
{
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Write the complete result as JSON; - is standard output, which then has nothing else.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _report = new("--report") { Description = "Write a report as one HTML file.", HelpName = "FILE" };

    private readonly Option<string?> _hgrm = new("--hgrm")
    {
        Description = "Write the corrected latencies as a percentile distribution for HdrHistogram's plotter.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _csv = new("--csv") { Description = "Write the series over time as CSV.", HelpName = "FILE" };

    private readonly Option<string?> _junit = new("--junit")
    {
        Description = "Write the conditions as test cases in JUnit's XML.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _prometheus = new("--prometheus")
    {
        Description = "Write the result in Prometheus' text format.",
        HelpName = "FILE",
    };

    private readonly Option<Uri?> _prometheusPush = new("--prometheus-push")
    {
        Description = "Send the same to a Pushgateway.",
        HelpName = "URL",
        CustomParser = static argument => OptionValues.HttpUrl(argument, "--prometheus-push"),
    };

    private readonly Option<IReadOnlyList<double>?> _percentiles = Percentiles("The latency percentiles to show, such as 50,75,99.99.");

    private readonly Option<EnsureCondition[]> _ensure = new("--ensure")
    {
        Description = "A condition that decides the exit code, such as 'p(95)<500'; may be given several times.",
        HelpName = "CONDITION",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = ParseConditions,
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Print only conditions that failed." };

    /// <summary>The option <c>--percentiles</c>, which several commands have.</summary>
    public static Option<IReadOnlyList<double>?> Percentiles(string description) => new("--percentiles")
    {
        Description = description,
        HelpName = "LIST",
        CustomParser = ParsePercentiles,
    };

    public void AddTo(Command command)
    {
        command.Add(_output);
        command.Add(_report);
        command.Add(_hgrm);
        command.Add(_csv);
        command.Add(_junit);
        command.Add(_prometheus);
        command.Add(_prometheusPush);
        command.Add(_percentiles);
        command.Add(_ensure);
        command.Add(_quiet);
        command.Validators.Add(result =>
        {
            string?[] files =
            [
                result.GetValue(_output), result.GetValue(_report), result.GetValue(_hgrm), result.GetValue(_csv), result.GetValue(_junit),
                result.GetValue(_prometheus),
            ];
            if (files.Count(static file => file == QuickOutputs.StandardOutput) > 1)
            {
                result.AddError("only one of --output, --report, --hgrm, --csv, --junit and --prometheus can be -, standard output");
            }
        });
    }

    public QuickOutputs Read(ParseResult parsed) => new(
        parsed.GetValue(_output),
        parsed.GetValue(_report),
        parsed.GetValue(_hgrm),
        parsed.GetValue(_ensure) ?? [],
        parsed.GetValue(_quiet))
    {
        Percentiles = parsed.GetValue(_percentiles) ?? [],
        Csv = parsed.GetValue(_csv),
        JUnit = parsed.GetValue(_junit),
        Prometheus = parsed.GetValue(_prometheus),
        PrometheusPush = parsed.GetValue(_prometheusPush),
    };

    private static IReadOnlyList<double> ParsePercentiles(ArgumentResult argument)
    {
        if (!PercentileList.TryParse(argument.Tokens[0].Value, out IReadOnlyList<double> percentiles, out string? error))
        {
            argument.AddError(error);
        }

        return percentiles;
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
