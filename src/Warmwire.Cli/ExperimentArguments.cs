using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Experiment;

namespace Warmwire.Cli;

/// <summary>The options of <c>experiment</c>.</summary>
internal static class ExperimentArguments
{
    /// <summary>What <c>experiment --help</c> says after the options.</summary>
    public const string Details = """
        What runs:
          An upstream that counts its connections, a function that calls it, and the load of warmwire quick, each but
          the load in a process of its own; first with a new HttpClient for each invocation (the bug), then with one
          shared client over a PooledHttpHandler. The functions are those of samples/functions, and the Pub/Sub
          function publishes to the emulator of samples/pubsub-emulator.
          Before the load, each function answers 900 requests with an upstream of its own, so that its code is compiled.
          The guide's own length is -d 300 -r 30: 9,000 invocations, twice.
        """;

    private const double MaxRate = 5000;
    private const double MaxDurationSeconds = 3600;

    public static Command Command(Func<ExperimentSettings, CancellationToken, Task<int>> run)
    {
        var rate = new Option<double>("--rate", "-r")
        {
            Description = "Invocations a second.",
            HelpName = "N",
            DefaultValueFactory = static _ => ExperimentSettings.DefaultRate,
            CustomParser = static argument => Parse(argument, MaxRate),
        };
        var duration = new Option<double>("--duration", "-d")
        {
            Description = "Seconds of load, for each of the two.",
            HelpName = "SECONDS",
            DefaultValueFactory = static _ => ExperimentSettings.DefaultDurationSeconds,
            CustomParser = static argument => Parse(argument, MaxDurationSeconds),
        };
        var function = new Option<string>("--function") { Description = "Which function.", DefaultValueFactory = static _ => "http" };
        function.AcceptOnlyFromAmong("http", "pubsub");
        var json = new Option<bool>("--json") { Description = "Print the result as JSON, and nothing else on standard output." };
        var command = new DetailedCommand("experiment", "Runs a function with the bug and with the cure under the same load, and counts the connections to its upstream.", Details)
        {
            rate, duration, function, json,
        };
        command.SetAction((parsed, cancellationToken) => run(
            new ExperimentSettings(
                parsed.GetValue(function) == "pubsub" ? FunctionKind.PubSub : FunctionKind.Http, parsed.GetValue(rate), parsed.GetValue(duration), parsed.GetValue(json)),
            cancellationToken));
        return command;
    }

    private static double Parse(ArgumentResult argument, double max)
    {
        string text = argument.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value >= 1 && value <= max)
        {
            return value;
        }

        argument.AddError(string.Create(CultureInfo.InvariantCulture, $"{((OptionResult)argument.Parent!).Option.Name} must be a number from 1 to {max:0}, not '{text}'"));
        return default;
    }
}
