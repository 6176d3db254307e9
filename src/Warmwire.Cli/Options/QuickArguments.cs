using System.CommandLine;
using System.CommandLine.Parsing;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Outputs;
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

        Conditions of --ensure:
          p(95)<500  p(99.9)<2s  avg<100  max<3000  uncorrected.p(99)<500   latencies, in ms unless a unit is given
          errors<1%  errors==0  failed<5%  codes.500==0  codes.5xx<1%       requests without a complete response; statuses
          connections<=30  peak<=30  reuse>0.95  rate>=29  dropped==0  timewait<100  perconnection.min>10

        Exit codes:
          0 all conditions passed, 1 a condition failed, 2 the test could not run, 130 Ctrl-C (the summary is still printed)
        """;

    /// <summary>The parsed command line.</summary>
    /// <param name="Settings">The load.</param>
    /// <param name="Outputs">What is done with the result.</param>
    /// <param name="Pid">The process to watch.</param>
    /// <param name="Live">Where the run is told of while it goes on.</param>
    internal sealed record Parsed(QuickSettings Settings, QuickOutputs Outputs, int? Pid, LiveOutputs Live);

    public static Command Command(Func<Parsed, CancellationToken, Task<int>> run)
    {
        var url = new Argument<Uri>("URL") { Description = "The http or https URL to send requests to.", CustomParser = ParseUrl };
        var pid = new Option<long?>("--pid")
        {
            Description = "Watch this process during the run: CPU time, descriptors, outgoing connections (Linux).",
            HelpName = "N",
            CustomParser = static argument => OptionValues.Whole(argument, int.MaxValue),
        };
        var arrivals = new ArrivalOptions();
        var request = new RequestOptions();
        var connections = new ConnectionOptions();
        var results = new ResultOptions();
        var live = new LiveOptions();
        var shard = new ShardOptions();

        var command = new DetailedCommand(
            "quick", "Load-tests a URL at a constant rate and counts the connections it used.", Details) { url };
        arrivals.AddTo(command);
        request.AddTo(command);
        connections.AddTo(command);
        results.AddTo(command);
        live.AddTo(command);
        command.Add(pid);
        shard.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            QuickSettings settings = arrivals.Read(parsed, parsed.GetRequiredValue(url));
            settings = shard.Apply(parsed, connections.Apply(parsed, settings));
            settings = await request.ApplyAsync(parsed, settings, cancellationToken);
            return await run(new Parsed(settings, results.Read(parsed), (int?)parsed.GetValue(pid), live.Read(parsed)), cancellationToken);
        });
        return command;
    }

    private static Uri ParseUrl(ArgumentResult argument)
    {
        Uri? uri = OptionValues.HttpUrl(argument, "the URL");
        if (uri is { UserInfo.Length: > 0 })
        {
            // It would be in every file that is written, and HTTP clients do not send it.
            argument.AddError("the URL must not contain a user name or password; use --header 'Authorization: …'");
        }

        return uri!;
    }
}
