using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The options of a load that several machines share: which part this one is, and when all of them start.</summary>
internal sealed class ShardOptions
{
    private readonly Option<Shard> _shard = new("--shard")
    {
        Description = "Run as shard I (from 0) of N machines that share this load: each starts every Nth arrival. See merge.",
        HelpName = "I/N",
        DefaultValueFactory = static _ => Shard.Whole,
        CustomParser = ParseShard,
    };

    private readonly Option<DateTimeOffset?> _startAt = new("--start-at")
    {
        Description = "When to start, such as 2027-01-31T12:00:00Z, so that all machines start together.",
        HelpName = "TIME",
        CustomParser = ParseStart,
    };

    private readonly Option<string?> _runId = new("--run-id")
    {
        Description = "The run's id, by which merge finds shards that are missing or given twice."
            + " [default: of shards, derived from the load and --start-at; else a new one]",
        HelpName = "ID",
        CustomParser = ParseRunId,
    };

    public void AddTo(Command command)
    {
        command.Add(_shard);
        command.Add(_startAt);
        command.Add(_runId);
    }

    public QuickSettings Apply(ParseResult parsed, QuickSettings settings) => settings with
    {
        Shard = parsed.GetValue(_shard),
        StartAt = NotPassed(parsed.GetValue(_startAt)),
        RunId = parsed.GetValue(_runId),
    };

    private static string? ParseRunId(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (!RunIds.IsValid(text))
        {
            argument.AddError($"--run-id must be 1 to {RunIds.MaxLength} letters, digits and '-', '_', '.', ':', not '{text}'");
        }

        return text;
    }

    private static Shard ParseShard(ArgumentResult argument)
    {
        if (!Shard.TryParse(argument.Tokens[0].Value, out Shard shard, out string? error))
        {
            argument.AddError(error);
        }

        return shard;
    }

    private static DateTimeOffset? ParseStart(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            return time;
        }

        argument.AddError($"--start-at must be a time such as 2027-01-31T12:00:00Z, not '{text}'");
        return null;
    }

    /// <summary>A machine that starts late would send all at once what the others have sent long ago.</summary>
    private static DateTimeOffset? NotPassed(DateTimeOffset? start) => start is { } time && time < DateTimeOffset.UtcNow
        ? throw new CommandFailure($"--start-at {time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} has passed", ExitCodes.Usage)
        : start;
}
