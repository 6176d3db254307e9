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

    public void AddTo(Command command)
    {
        command.Add(_rate);
        command.Add(_duration);
        command.Add(_count);
        command.Add(_number);
        command.Validators.Add(result =>
        {
            bool hasRate = result.GetResult(_rate) is not null;
            bool hasCount = result.GetResult(_count) is not null;
            if (hasRate == hasCount)
            {
                result.AddError(hasRate
                    ? "give --rate (arrivals per second) or --count (arrivals in total), not both"
                    : "give --rate (arrivals per second) or --count (arrivals in total)");
            }
        });
    }

    public QuickSettings Read(ParseResult parsed, Uri url)
    {
        (double rate, long arrivals) = Amount(parsed.GetValue(_rate), parsed.GetValue(_duration), parsed.GetValue(_count));
        return new QuickSettings { Url = url, Rate = rate, Arrivals = arrivals, RequestsPerArrival = (int)parsed.GetValue(_number) };
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
