using System.CommandLine;
using Warmwire.Cli.Experiment;

namespace Warmwire.Cli.Options;

/// <summary>The options of <c>experiment</c>.</summary>
internal static class ExperimentArguments
{
    /// <summary>What <c>experiment --help</c> says after the options.</summary>
    public const string Details = """
        What runs:
          A server that counts its connections, a function that calls it, and the load of warmwire quick. The server and
          the function each run in a process of their own. The load runs twice: before, with a new HttpClient for each
          invocation, and after, with one shared client over a PooledHttpHandler. The functions are those of
          samples/functions; the Pub/Sub function publishes to the emulator of samples/pubsub-emulator.
          To have its code compiled, each function first answers 900 requests that call a separate server.
          The guide uses -d 300 -r 30: 9,000 invocations, twice.
        """;

    private const double MaxRate = 5000;
    private const double MaxDurationSeconds = 3600;

    public static Command Command(Func<ExperimentSettings, CancellationToken, Task<int>> run)
    {
        var rate = new Option<double>("--rate", "-r")
        {
            Description = "Invocations per second.",
            HelpName = "N",
            DefaultValueFactory = static _ => ExperimentSettings.DefaultRate,
            CustomParser = static argument => OptionValues.Number(argument, MaxRate),
        };
        var duration = new Option<double>("--duration", "-d")
        {
            Description = "Seconds of load, for each of the two runs.",
            HelpName = "SECONDS",
            DefaultValueFactory = static _ => ExperimentSettings.DefaultDurationSeconds,
            CustomParser = static argument => OptionValues.Number(argument, MaxDurationSeconds),
        };
        var function = new Option<string>("--function") { Description = "The function to call.", DefaultValueFactory = static _ => "http" };
        function.AcceptOnlyFromAmong("http", "pubsub");
        var json = new Option<bool>("--json") { Description = "Print the result as JSON, and nothing else on standard output." };
        var command = new DetailedCommand(
            "experiment",
            "Load-tests a function before and after it shares one HTTP client, and counts the connections to the server that it calls.",
            Details)
        {
            rate, duration, function, json,
        };
        command.SetAction((parsed, cancellationToken) => run(
            new ExperimentSettings(
                parsed.GetValue(function) == "pubsub" ? FunctionKind.PubSub : FunctionKind.Http,
                parsed.GetValue(rate),
                parsed.GetValue(duration),
                parsed.GetValue(json)),
            cancellationToken));
        return command;
    }
}
