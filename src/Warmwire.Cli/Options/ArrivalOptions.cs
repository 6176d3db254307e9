using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The options that say how many arrivals there are, how often, and how many requests each makes.</summary>
internal sealed class ArrivalOptions
{
    private readonly Option<double?> _rate = new("--rate", "-r")
    {
        Description = "Arrivals per second; 0.5 is one every two seconds.",
        HelpName = "N",
        CustomParser = ParseRate,
    };

    private readonly Option<double?> _duration = new("--duration", "-d")
    {
        Description = "How long arrivals start: seconds, or 90s, 5m, 1h."
            + $" [default: {QuickSettings.DefaultDurationSeconds:0} with --rate, --count / {QuickSettings.DefaultArrivalsPerSecond} "
                + "with --count]",
        HelpName = "TIME",
        CustomParser = OptionValues.Duration,
    };

    private readonly Option<long?> _count = new("--count", "-c")
    {
        Description = "Arrivals in total, in place of --rate.",
        HelpName = "N",
        CustomParser = static argument => OptionValues.Whole(argument, QuickSettings.MaxArrivals),
    };

    private readonly Option<long> _number = new("--num", "-n")
    {
        Description = "Requests per arrival, sent one after another.",
        HelpName = "N",
        DefaultValueFactory = static _ => 1,
        CustomParser = static argument => OptionValues.Whole(argument, QuickSettings.MaxRequestsPerArrival) ?? 1,
    };

    private readonly Option<long?> _users = new("--users")
    {
        Description = "In place of a rate, so many users in a closed loop: each sends its next request after its last response, so the "
            + "latencies are uncorrected. It takes --duration, or --count requests in total.",
        HelpName = "N",
        CustomParser = static argument => OptionValues.Whole(argument, ClosedLoop.MaxUsers),
    };

    private readonly Option<double?> _think = new("--think")
    {
        Description = "How long each of --users waits after a response.",
        HelpName = "TIME",
        CustomParser = OptionValues.Duration,
    };

    private static readonly Uri s_later = new("http://localhost/");

    private readonly StageOptions _stages = new();

    /// <param name="command">The command.</param>
    /// <param name="scenario">The option of a file that may have the rate, so that none is needed here.</param>
    public void AddTo(Command command, Option scenario)
    {
        command.Add(_rate);
        command.Add(_duration);
        command.Add(_count);
        command.Add(_number);
        _stages.AddTo(command);
        command.Add(_users);
        command.Add(_think);
        command.Validators.Add(result =>
        {
            if (Problem(option => result.GetResult(option) is { } given && IsGiven(given), scenario) is { } problem)
            {
                result.AddError(problem);
            }
        });
    }

    /// <summary>What of the options does not go together.</summary>
    private string? Problem(Func<Option, bool> has, Option scenario) => (has(_rate), has(_count), has(_users), has(_stages.Stages)) switch
    {
        _ when has(scenario) && has(_number) => "--num is for a URL; a scenario has its own loops",
        (true, _, true, _) => "--users sends a request after each response, so it cannot be used with --rate",
        (_, _, true, true) => "--users sends a request after each response, so it cannot be used with --stage",
        (_, true, _, true) => "--stage has rates, so it cannot be used with --count",
        (_, _, _, true) when has(_duration) => "each --stage has its own time, so it cannot be used with --duration",
        (_, _, false, _) when has(_think) => "--think is for --users",
        (_, _, true, _) or (_, _, _, true) => null,
        (false, false, false, false) when has(scenario) => has(_duration)
            ? "--duration is for --rate, --count or --users; the phases of a scenario have their own"
            : null,
        (true, true, _, _) => "give --rate (arrivals per second) or --count (arrivals in total), not both",
        (false, false, _, _) => "give --rate (arrivals per second) or --count (arrivals in total)",
        _ => null,
    };

    /// <summary>An option with a default has a result without being given.</summary>
    private static bool IsGiven(SymbolResult result) => result is not OptionResult { Implicit: true };

    /// <param name="parsed">The command line.</param>
    /// <param name="url">The URL; of a scenario it is taken later.</param>
    /// <returns>Without arrivals if a scenario has them.</returns>
    public QuickSettings Read(ParseResult parsed, Uri? url)
    {
        url ??= s_later;
        if (parsed.GetValue(_users) is { } users)
        {
            double? seconds = parsed.GetValue(_duration)
                ?? (parsed.GetValue(_count) is null ? QuickSettings.DefaultDurationSeconds : null);
            return _stages.Apply(parsed, new QuickSettings
            {
                Url = url,
                Rate = 0,
                Arrivals = parsed.GetValue(_count) ?? QuickSettings.MaxArrivals,
                RequestsPerArrival = (int)parsed.GetValue(_number),
                Users = new ClosedLoop((int)users, TimeSpan.FromSeconds(parsed.GetValue(_think) ?? 0), seconds),
            });
        }

        if (parsed.GetResult(_rate) is null && parsed.GetResult(_count) is null && parsed.GetResult(_stages.Stages) is null)
        {
            return _stages.Apply(parsed, new QuickSettings { Url = url, Rate = 0, Arrivals = 0 });
        }

        bool hasStages = parsed.GetResult(_stages.Stages) is not null;
        (double rate, long arrivals) = hasStages ? (parsed.GetValue(_rate) ?? 0, 0) : Amount(parsed.GetValue(_rate), parsed.GetValue(
            _duration), parsed.GetValue(_count));
        var settings = new QuickSettings { Url = url, Rate = rate, Arrivals = arrivals, RequestsPerArrival = (int)parsed.GetValue(
            _number) };
        return _stages.Apply(parsed, settings);
    }

    /// <summary>Arrivals per second and in total.</summary>
    private static (double Rate, long Arrivals) Amount(double? rate, double? duration, long? count)
    {
        if (count is { } all)
        {
            double seconds = duration ?? Math.Ceiling((double)all / QuickSettings.DefaultArrivalsPerSecond);
            return (all / seconds, all);
        }

        double perSecond = rate ?? throw new CommandFailure("--rate or --count is needed", ExitCodes.Usage);
        return (perSecond, Math.Max(1, (long)Math.Round(perSecond * (duration ?? QuickSettings.DefaultDurationSeconds))));
    }

    private static double? ParseRate(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double rate)
            && rate is > 0.0001 and <= QuickSettings.MaxRate)
        {
            return rate;
        }

        argument.AddError(string.Create(
            CultureInfo.InvariantCulture,
            $"--rate must be a number of arrivals per second, more than 0 and at most {QuickSettings.MaxRate:N0}, not '{text}'"));
        return null;
    }
}
