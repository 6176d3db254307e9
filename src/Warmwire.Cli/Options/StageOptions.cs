using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The options of a load whose rate changes, and of the time before it is counted.</summary>
internal sealed class StageOptions
{
    private readonly Option<Stage[]> _stages = new("--stage")
    {
        Description = "Go linearly to a rate, such as 30s:100; several follow one another. It starts at --rate, or at 0.",
        HelpName = "TIME:RATE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = ParseStages,
    };

    private readonly Option<double?> _warmUp = new("--warm-up")
    {
        Description = "Send load for this time before, which is not counted.",
        HelpName = "TIME",
        CustomParser = OptionValues.Duration,
    };

    public Option Stages => _stages;

    public void AddTo(Command command)
    {
        command.Add(_stages);
        command.Add(_warmUp);
    }

    public QuickSettings Apply(ParseResult parsed, QuickSettings settings)
    {
        settings = settings with { WarmUpSeconds = parsed.GetValue(_warmUp) ?? 0 };
        return parsed.GetValue(_stages) is { Length: > 0 } stages ? WithStages(settings, settings.Rate, stages) : settings;
    }

    /// <param name="settings">The load.</param>
    /// <param name="from">The rate at the beginning.</param>
    /// <param name="stages">How it goes on.</param>
    public static QuickSettings WithStages(QuickSettings settings, double from, IReadOnlyList<Stage> stages)
    {
        ArrivalPlan plan = ArrivalPlan.Of(from, stages);
        return settings with
        {
            Plan = plan,
            Stages = stages,
            FirstRate = from > 0 ? from : stages[0].Rate,
            Arrivals = plan.Arrivals,
            Rate = plan.Arrivals / plan.Seconds,
        };
    }

    private static Stage[] ParseStages(ArgumentResult argument)
    {
        var stages = new List<Stage>();
        foreach (Token token in argument.Tokens)
        {
            if (TryParse(token.Value) is { } stage)
            {
                stages.Add(stage);
            }
            else
            {
                argument.AddError(string.Create(
                    CultureInfo.InvariantCulture,
                    $"--stage must be a time and a rate from 0 to {QuickSettings.MaxRate:N0} such as 30s:100, not '{token.Value}'"));
                return [];
            }
        }

        Refuse(argument, stages);
        return [.. stages];
    }

    private static void Refuse(ArgumentResult argument, List<Stage> stages)
    {
        if (stages.Count > Stage.MaxCount)
        {
            argument.AddError(string.Create(CultureInfo.InvariantCulture, $"--stage may be given {Stage.MaxCount:N0} times at most"));
        }
        else if (stages.Sum(static stage => stage.Seconds) > QuickSettings.MaxDurationSeconds)
        {
            argument.AddError("the stages of --stage may take 7 days together at most");
        }
        else if (stages.All(static stage => stage.Rate == 0))
        {
            argument.AddError("--stage: one of the stages must have a rate above 0");
        }
    }

    private static Stage? TryParse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && Duration.TryParse(text[..colon]) is { } seconds
            && double.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double rate)
            && rate is 0 or (> 0.0001 and <= QuickSettings.MaxRate)
                ? new Stage(seconds, rate)
                : null;
    }
}
