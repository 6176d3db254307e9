using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Warmwire.Cli.Quick;
using Warmwire.Cli.Quick.Ensuring;

namespace Warmwire.Cli;

/// <summary>The options of <c>quick</c>.</summary>
internal static class QuickArguments
{
    /// <summary>What <c>quick --help</c> says after the options.</summary>
    public const string Details = """
        Load:
          Arrivals come at a constant rate, whatever becomes of those before (an open model). Each makes -n requests,
          one after another, through one pool of connections that all share. Latency counts from when a request was
          due, so a server that stalls is charged for everybody who had to wait; the figure from when it was really sent
          stands beside it.
          -r 30 -d 300 starts 30 a second for 300 seconds; -c 500 starts 500 in all, 50 a second if -d does not say.

        Conditions of --ensure:
          p(95)<500  p(99.9)<2s  avg<100  max<3000  uncorrected.p(99)<500   latencies, in ms if no unit is given
          errors<1%  errors==0  failed<5%  codes.500==0  codes.5xx<1%       requests without a whole answer; statuses
          connections<=30  peak<=30  reuse>0.95  rate>=29  dropped==0  timewait<100  perconnection.min>10

        Exit code: 0 all conditions held, 1 one was missed, 2 it could not be run, 130 Ctrl-C (after the summary of what ran).
        """;

    /// <summary>What the parser finds.</summary>
    /// <param name="Settings">The load.</param>
    /// <param name="Outputs">What becomes of the result.</param>
    /// <param name="Pid">A process to watch.</param>
    internal sealed record Parsed(QuickSettings Settings, QuickOutputs Outputs, int? Pid);

    public static Command Command(Func<Parsed, CancellationToken, Task<int>> run)
    {
        var url = new Argument<Uri>("URL") { Description = "The http or https URL to send requests to.", CustomParser = ParseUrl };
        var rate = new Option<double?>("--rate", "-r") { Description = "Arrivals a second; 0.5 is one each two seconds.", HelpName = "N", CustomParser = ParseRate };
        var duration = new Option<double?>("--duration", "-d")
        {
            Description = $"How long arrivals come: seconds, or 90s, 5m, 1h. [default: {QuickSettings.DefaultDurationSeconds:0} with --rate, --count / {QuickSettings.DefaultArrivalsPerSecond} with --count]",
            HelpName = "TIME",
            CustomParser = ParseDuration,
        };
        var count = new Option<long?>("--count", "-c") { Description = "Arrivals in all, in place of --rate.", HelpName = "N", CustomParser = argument => ParseWhole(argument, QuickSettings.MaxArrivals) };
        var number = new Option<long>("--num", "-n")
        {
            Description = "Requests that each arrival makes one after another.",
            HelpName = "N",
            DefaultValueFactory = static _ => 1,
            CustomParser = argument => ParseWhole(argument, QuickSettings.MaxRequestsPerArrival) ?? 1,
        };
        var payload = new Option<string?>("--payload", "-p") { Description = "The body of each request: text, or @FILE.", HelpName = "TEXT" };
        var contentType = new Option<string?>("--content-type", "-t") { Description = "Its media type. [default: application/json if it is JSON, else text/plain]", HelpName = "TYPE" };
        var method = new Option<string?>("--method", "-X") { Description = "The method. [default: GET, with --payload POST]", HelpName = "NAME" };
        var headers = new Option<string[]>("--header", "-H") { Description = "A header, 'Name: value'; may be given several times.", HelpName = "HEADER", AllowMultipleArgumentsPerToken = false };
        var insecure = new Option<bool>("--insecure", "-k") { Description = "Accept any certificate." };
        Option<bool> quiet = ResultOptions.Quiet();
        var timeout = new Option<double>("--timeout")
        {
            Description = "The time a request may take with its whole answer: seconds, or 500ms.",
            HelpName = "TIME",
            DefaultValueFactory = static _ => QuickSettings.DefaultTimeout.TotalSeconds,
            CustomParser = argument => ParseDuration(argument) ?? QuickSettings.DefaultTimeout.TotalSeconds,
        };
        var http2 = new Option<bool>("--http2") { Description = "Speak HTTP/2 and nothing else; with http URLs by prior knowledge." };
        var maxConnections = new Option<long?>("--max-connections") { Description = "Connections at a time at most; requests then wait for one.", HelpName = "N", CustomParser = static argument => ParseWhole(argument, int.MaxValue) };
        var newConnections = new Option<bool>("--new-connection-per-request") { Description = "Use no connection twice, as a client made for each request does." };
        Option<string?> output = ResultOptions.Output();
        Option<string?> report = ResultOptions.Report();
        Option<string?> hgrm = ResultOptions.Hgrm();
        Option<EnsureCondition[]> ensure = ResultOptions.Ensure();
        var pid = new Option<long?>("--pid") { Description = "Watch this process meanwhile: processor time, descriptors, outgoing connections (Linux).", HelpName = "N", CustomParser = static argument => ParseWhole(argument, int.MaxValue) };
        var shard = new Option<Shard>("--shard")
        {
            Description = "Be number I (from 0) of N machines that share this load: each starts every Nth arrival. See merge.",
            HelpName = "I/N",
            DefaultValueFactory = static _ => Shard.Whole,
            CustomParser = ParseShard,
        };
        var startAt = new Option<DateTimeOffset?>("--start-at") { Description = "When to begin, such as 2027-01-31T12:00:00Z, so that machines begin together.", HelpName = "TIME", CustomParser = ParseStart };

        var command = new DetailedCommand("quick", "Load-tests a URL at a constant rate and counts the connections it took.", Details)
        {
            url, rate, duration, count, number, payload, contentType, method, headers, insecure, quiet, timeout, http2, maxConnections, newConnections, output, report, hgrm, pid, ensure, shard, startAt,
        };
        command.Validators.Add(result =>
        {
            bool hasRate = result.GetResult(rate) is not null;
            bool hasCount = result.GetResult(count) is not null;
            if (hasRate == hasCount)
            {
                result.AddError(hasRate ? "--rate and --count exclude each other: give arrivals a second, or arrivals in all" : "how much? Give --rate (arrivals a second) or --count (arrivals in all)");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (double perSecond, long arrivals) = Amount(parsed.GetValue(rate), parsed.GetValue(duration), parsed.GetValue(count));
            byte[]? body = parsed.GetValue(payload) is { } text ? await ReadPayloadAsync(text, cancellationToken) : null;
            DateTimeOffset? start = NotPassed(parsed.GetValue(startAt));
            IReadOnlyList<KeyValuePair<string, string>> fields = ParseHeaders(parsed.GetValue(headers) ?? [], hasBody: body is not null);
            var settings = new QuickSettings
            {
                Url = parsed.GetRequiredValue(url),
                Rate = perSecond,
                Arrivals = arrivals,
                Shard = parsed.GetValue(shard),
                StartAt = start,
                RequestsPerArrival = (int)parsed.GetValue(number),
                Method = ParseMethod(parsed.GetValue(method), body),
                Payload = body,
                ContentType = body is null ? null : ParseContentType(parsed.GetValue(contentType), body),
                Headers = fields,
                Timeout = TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                Insecure = parsed.GetValue(insecure),
                Http2 = parsed.GetValue(http2),
                MaxConnections = (int?)parsed.GetValue(maxConnections),
                NewConnectionPerRequest = parsed.GetValue(newConnections),
            };
            var outputs = new QuickOutputs(
                parsed.GetValue(output), parsed.GetValue(report), parsed.GetValue(hgrm), parsed.GetValue(ensure) ?? [], parsed.GetValue(quiet));
            return await run(new Parsed(settings, outputs, (int?)parsed.GetValue(pid)), cancellationToken);
        });
        return command;
    }

    /// <summary>Arrivals a second and in all.</summary>
    internal static (double Rate, long Arrivals) Amount(double? rate, double? duration, long? count)
    {
        if (count is { } all)
        {
            double seconds = duration ?? Math.Ceiling((double)all / QuickSettings.DefaultArrivalsPerSecond);
            return (all / seconds, all);
        }

        double perSecond = rate ?? throw new CommandFailure("--rate or --count is needed", ExitCodes.Usage);
        return (perSecond, Math.Max(1, (long)Math.Round(perSecond * (duration ?? QuickSettings.DefaultDurationSeconds))));
    }

    private static Uri ParseUrl(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps))
        {
            if (uri.UserInfo.Length > 0)
            {
                // It would stand in every file that is written, and is not sent by HTTP clients.
                argument.AddError("the URL must not have a user name or password; give --header 'Authorization: …'");
            }

            return uri;
        }

        argument.AddError($"the URL must be an absolute http or https URL, not '{text}'");
        return null!;
    }

    private static double? ParseRate(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double rate) && rate is > 0.0001 and <= QuickSettings.MaxRate)
        {
            return rate;
        }

        argument.AddError($"--rate must be a number of arrivals a second, more than 0 and at most {QuickSettings.MaxRate:N0}, not '{text}'");
        return null;
    }

    private static double? ParseDuration(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        (string number, double unit) = text switch
        {
            [.. var milliseconds, 'm', 's'] => (milliseconds, 0.001),
            [.. var seconds, 's'] => (seconds, 1),
            [.. var minutes, 'm'] => (minutes, 60),
            [.. var hours, 'h'] => (hours, 3600),
            _ => (text, 1.0),
        };
        if (double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value * unit is >= 0.001 and <= QuickSettings.MaxDurationSeconds)
        {
            return value * unit;
        }

        argument.AddError($"{Name(argument)} must be a time from 1ms to 7 days such as 300, 90s, 5m, 1h or 500ms, not '{text}'");
        return null;
    }

    private static long? ParseWhole(ArgumentResult argument, long max)
    {
        string text = argument.Tokens[0].Value;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= 1 && value <= max)
        {
            return value;
        }

        argument.AddError(string.Create(CultureInfo.InvariantCulture, $"{Name(argument)} must be a whole number from 1 to {max:N0}, not '{text}'"));
        return null;
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

    /// <summary>A machine that comes late would send what the others sent long ago, all at once.</summary>
    private static DateTimeOffset? NotPassed(DateTimeOffset? start) => start is { } time && time < DateTimeOffset.UtcNow
        ? throw new CommandFailure($"--start-at {time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} has passed", ExitCodes.Usage)
        : start;

    private static string Name(ArgumentResult argument) => ((OptionResult)argument.Parent!).Option.Name;

    private static async Task<byte[]> ReadPayloadAsync(string text, CancellationToken cancellationToken)
    {
        if (!text.StartsWith('@'))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        try
        {
            return await File.ReadAllBytesAsync(text[1..], cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure($"--payload: {error.Message}", error, ExitCodes.Usage);
        }
    }

    private static HttpMethod ParseMethod(string? name, byte[]? body)
    {
        if (name is null)
        {
            return body is null ? HttpMethod.Get : HttpMethod.Post;
        }

        try
        {
            return HttpMethod.Parse(name.ToUpperInvariant());
        }
        catch (FormatException error)
        {
            throw new CommandFailure($"--method '{name}' is not a method", error, ExitCodes.Usage);
        }
    }

    private static string ParseContentType(string? type, byte[] body)
    {
        type ??= IsJson(body) ? "application/json" : "text/plain; charset=utf-8";
        return MediaTypeHeaderValue.TryParse(type, out _) ? type : throw new CommandFailure($"--content-type '{type}' is not a media type", ExitCodes.Usage);
    }

    private static bool IsJson(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static List<KeyValuePair<string, string>> ParseHeaders(string[] headers, bool hasBody)
    {
        using var probe = new HttpRequestMessage();
        using var content = new ByteArrayContent([]);
        List<KeyValuePair<string, string>> fields = [];
        foreach (string header in headers)
        {
            int colon = header.IndexOf(':', StringComparison.Ordinal);
            string name = colon > 0 ? header[..colon] : "";
            string value = header[(colon + 1)..].Trim();
            bool isContents = false;
            if (value.AsSpan().ContainsAny('\r', '\n', '\0')
                || (!probe.Headers.TryAddWithoutValidation(name, value) && !(isContents = content.Headers.TryAddWithoutValidation(name, value))))
            {
                throw new CommandFailure($"--header '{header}' is not of the form 'Name: value'", ExitCodes.Usage);
            }

            if (isContents && !hasBody)
            {
                throw new CommandFailure($"--header {name} describes a body; give --payload with it", ExitCodes.Usage);
            }

            fields.Add(KeyValuePair.Create(name, value));
        }

        return fields;
    }
}
