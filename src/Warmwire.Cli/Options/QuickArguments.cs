using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The arguments of <c>quick</c>: the URL, and a group of options for each topic.</summary>
internal static class QuickArguments
{
    /// <summary>What <c>quick --help</c> says after the options.</summary>
    public const string Details = """
        Load:
          Arrivals start at a constant rate, no matter how long earlier requests take (an open model). Each arrival makes
          -n requests, one after another; all arrivals share one connection pool. Corrected latency is measured from when
          a request was scheduled, so that waiting caused by a slow server is included; uncorrected latency is measured
          from when the request was sent.
          -r 30 -d 300 starts 30 per second for 300 seconds; -c 500 starts 500 in total, 50 per second unless -d is given.
          --stage 30s:100 --stage 1m:100 goes to 100 per second in 30 seconds and stays there for a minute.
          --users 10 --think 100ms is a closed loop: users send after their last response, so latencies are uncorrected.

        Conditions of --ensure:
          p(95)<500  p(99.9)<2s  avg<100  max<3000  uncorrected.p(99)<500   latencies, in ms unless a unit is given
          checks.failed<1%                                                  responses that failed a --check
          errors<1%  errors==0  failed<5%  codes.500==0  codes.5xx<1%       requests without a complete response; statuses
          connections<=30  peak<=30  reuse>0.95  rate>=29  dropped==0  timewait<100  perconnection.min>10

        Exit codes:
          0 all conditions passed, 1 a condition failed or one of --abort-on ended the run, 2 the test could not run,
          130 Ctrl-C (the summary is still printed)
        """;

    /// <summary>The parsed command line.</summary>
    /// <param name="Settings">The load.</param>
    /// <param name="Outputs">What is done with the result.</param>
    /// <param name="Watch">The process to watch.</param>
    /// <param name="Live">Where the run is told of while it goes on.</param>
    internal sealed record Parsed(QuickSettings Settings, QuickOutputs Outputs, WatchChoice Watch, LiveOutputs Live);

    public static Command Command(Func<Parsed, CancellationToken, Task<int>> run)
    {
        var target = new TargetOptions();
        var pid = new Option<WatchChoice>("--pid")
        {
            Description = "Watch this process and its children during the run: CPU time, descriptors, outgoing connections (Linux). "
                + "auto is the process that listens on the URL's port. [default: auto if that is on this machine, else none]",
            HelpName = "N|auto|none",
            CustomParser = ParseWatch,
        };
        var arrivals = new ArrivalOptions();
        var request = new RequestOptions();
        var connections = new ConnectionOptions();
        var route = new RouteOptions();
        var responses = new ResponseOptions();
        var results = new ResultOptions();
        var live = new LiveOptions();
        var shard = new ShardOptions();

        var command = new DetailedCommand(
            "quick", "Load-tests a URL at a constant rate and counts the connections it used.", Details);
        target.AddTo(command);
        arrivals.AddTo(command, target.Scenario);
        request.AddTo(command, target.Scenario);
        connections.AddTo(command);
        route.AddTo(command);
        responses.AddTo(command);
        results.AddTo(command);
        live.AddTo(command);
        command.Add(pid);
        shard.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<UrlTarget> targets = await target.ReadAsync(parsed, cancellationToken);
            QuickSettings settings = arrivals.Read(parsed, targets.Count > 0 ? targets[0].Url : null);
            settings = responses.Apply(parsed, shard.Apply(parsed, connections.Apply(parsed, settings)));
            settings = await request.ApplyAsync(parsed, settings, cancellationToken);
            if (target.ReadScenario(parsed, targets, settings.SingleRequest()) is { } scenario)
            {
                targets = [new UrlTarget(scenario.Target.ToString(), scenario.Target, 1)];
                settings = target.Apply(parsed, settings, scenario);
            }
            else
            {
                settings = target.Apply(parsed, settings, targets);
            }

            settings = route.Apply(parsed, settings, targets);
            var read = new Parsed(settings, results.Read(parsed), parsed.GetValue(pid) ?? WatchChoice.Default, live.Read(parsed));
            return await run(read, cancellationToken);
        });
        return command;
    }

    private static WatchChoice ParseWatch(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        switch (text)
        {
            case "auto":
                return WatchChoice.Auto;
            case "none":
                return WatchChoice.None;
            case var number when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0:
                return WatchChoice.Of(pid);
            default:
                argument.AddError($"--pid must be the number of a process, auto or none, not '{text}'");
                return WatchChoice.None;
        }
    }
}
