using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Compare;

namespace Warmwire.Cli;

/// <summary>The options of <c>compare</c>.</summary>
internal static class CompareArguments
{
    /// <summary>What <c>compare --help</c> says after the options.</summary>
    public const string Details = """
        Rows:
          new-handler-per-request  a new HttpClient and handler for each request, disposed after it (the bug)
          sockets-http-handler     one shared HttpClient over one SocketsHttpHandler
          warmwire                 one shared HttpClient over one PooledHttpHandler

        How it is measured:
          Each row runs in a process of its own, and so does the embedded server, which counts connections
          and TLS handshakes. For a server given by --url they are counted in the row's process.
          Before a row is measured it makes requests for up to 1.2 seconds, so that its code is compiled: at
          most 512 in the first row, at most 200 to a server given by --url. They use a handler of their own
          and are not counted; the measured requests begin without a connection.
          A request's time is what its caller waits, which in the first row includes making and disposing
          the client. CPU is the processor time of the row's process. TIME_WAIT sockets are those this machine
          keeps because it closed first, counted after the last answer; a shared handler is then still open.
          The first row makes at most 2000 requests and takes at most a quarter of the free local ports.
        """;

    public static Command Command(Func<CompareSettings, CancellationToken, Task<int>> run)
    {
        var url = new Option<Uri?>("--url")
        {
            Description = "Call this http or https server in place of an embedded one.",
            HelpName = "URL",
            CustomParser = ParseUrl,
        };
        var tls = new Option<bool>("--tls") { Description = "Let the embedded server speak https." };
        var roundTrip = new Option<TimeSpan>("--rtt")
        {
            Description = "Put a relay before the server that charges this round trip: 50ms, 0.05s, or a number of milliseconds, at most 2s.",
            HelpName = "TIME",
            CustomParser = ParseRoundTrip,
        };
        var concurrency = new Option<int>("--concurrency", "-c")
        {
            Description = "Requests at a time.",
            HelpName = "N",
            DefaultValueFactory = static _ => CompareSettings.DefaultConcurrency,
            CustomParser = static argument => ParseCount(argument, CompareSettings.MaxConcurrency),
        };
        var requests = new Option<int?>("--requests", "-n")
        {
            Description = $"Requests per row. [default: {CompareSettings.DefaultRequests}, fewer if --rtt would make them take long]",
            HelpName = "N",
            CustomParser = static argument => ParseCount(argument, CompareSettings.MaxRequests),
        };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON, and nothing else on standard output." };

        var command = new DetailedCommand("compare", "Makes the same GET requests three ways and shows what each cost.", Details) { url, tls, roundTrip, concurrency, requests, json };
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

    private static Uri? ParseUrl(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps))
        {
            return uri;
        }

        argument.AddError($"--url must be an absolute http or https URL, not '{text}'");
        return null;
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

    private static int ParseCount(ArgumentResult argument, int max)
    {
        string text = argument.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= max)
        {
            return count;
        }

        argument.AddError($"{((OptionResult)argument.Parent!).Option.Name} must be a whole number from 1 to {max}, not '{text}'");
        return default;
    }
}
