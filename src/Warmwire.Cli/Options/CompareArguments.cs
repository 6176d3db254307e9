using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Compare;

namespace Warmwire.Cli.Options;

/// <summary>The options of <c>compare</c>.</summary>
internal static class CompareArguments
{
    /// <summary>What <c>compare --help</c> says after the options.</summary>
    public const string Details = """
        Rows:
          new-handler-per-request  a new HttpClient and handler for each request, disposed after it (before)
          sockets-http-handler     one shared HttpClient over one SocketsHttpHandler
          warmwire                 one shared HttpClient over one PooledHttpHandler (after)

        How it is measured:
          Each row runs in a process of its own. So does the embedded server, which counts connections and TLS
          handshakes; for a server given by --url they are counted in the row's process.
          Before a row is measured, it sends requests for up to 1.2 seconds so that its code is compiled: at most 512 in
          the first row, at most 200 to a server given by --url. They use a separate handler and are not counted; the
          measured requests start without a connection.
          A request's latency includes everything its caller waits for, in the first row also creating and disposing the
          client. CPU is the CPU time of the row's process. TIME_WAIT counts the sockets that this machine keeps because
          it closed the connection first; it is read after the last response, with shared handlers still open.
          The first row sends at most 2000 requests and uses at most a quarter of the free local ports.
        """;

    public static Command Command(Func<CompareSettings, CancellationToken, Task<int>> run)
    {
        var url = new Option<Uri?>("--url")
        {
            Description = "Call this http or https server instead of the embedded one.",
            HelpName = "URL",
            CustomParser = static argument => OptionValues.HttpUrl(argument, "--url"),
        };
        var tls = new Option<bool>("--tls") { Description = "Use https with the embedded server." };
        var roundTrip = new Option<TimeSpan>("--rtt")
        {
            Description = "Add a round-trip time with a relay in front of the server: 50ms, 0.05s, or a number of milliseconds, at "
                + "most 2s.",
            HelpName = "TIME",
            CustomParser = ParseRoundTrip,
        };
        var concurrency = new Option<int>("--concurrency", "-c")
        {
            Description = "Concurrent requests.",
            HelpName = "N",
            DefaultValueFactory = static _ => CompareSettings.DefaultConcurrency,
            CustomParser = static argument => (int)(OptionValues.Whole(argument, CompareSettings.MaxConcurrency) ?? 1),
        };
        var requests = new Option<int?>("--requests", "-n")
        {
            Description = $"Requests per row. [default: {CompareSettings.DefaultRequests}, fewer with a long --rtt]",
            HelpName = "N",
            CustomParser = static argument => (int?)OptionValues.Whole(argument, CompareSettings.MaxRequests),
        };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON, and nothing else on standard output." };

        var command = new DetailedCommand(
            "compare",
            "Sends the same GET requests in three ways and shows what each costs.",
            Details) { url, tls, roundTrip, concurrency, requests, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(url) is not null && result.GetResult(tls) is { Implicit: false })
            {
                result.AddError("--tls is for the embedded server; with --url, give an https URL");
            }
        });
        command.SetAction((parsed, cancellationToken) => run(
            new CompareSettings(
                parsed.GetValue(url),
                parsed.GetValue(tls),
                parsed.GetValue(roundTrip),
                parsed.GetValue(concurrency),
                parsed.GetValue(requests),
                parsed.GetValue(json)),
            cancellationToken));
        return command;
    }

    private static TimeSpan ParseRoundTrip(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (!RoundTripArgument.TryParse(text, out TimeSpan roundTrip))
        {
            argument.AddError($"--rtt must be a time from 0 to 2s such as 50ms, 0.05s or 50, not '{text}'");
        }

        return roundTrip;
    }
}
