using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;
using Warmwire.Cli.Options;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Options;

public sealed class QuickArgumentsTests
{
    private const string Url = "http://localhost:1/";

    [Fact]
    public async Task Without_more_a_rate_lasts_a_minute()
    {
        QuickArguments.Parsed parsed = await ReadAsync("-r", "30", Url);
        Assert.Equal(
            (new Uri(Url), 30.0, 1800L, 60.0, 1),
            (
                parsed.Settings.Url,
                parsed.Settings.Rate,
                parsed.Settings.Arrivals,
                parsed.Settings.DurationSeconds,
                parsed.Settings.RequestsPerArrival));
        Assert.Equal(
            (HttpMethod.Get, null, TimeSpan.FromSeconds(10), Shard.Whole),
            (parsed.Settings.Method, parsed.Settings.Payload, parsed.Settings.Timeout, parsed.Settings.Shard));
        Assert.Equal((null, null, null, false), (parsed.Outputs.Json, parsed.Outputs.Report, parsed.Outputs.Hgrm, parsed.Outputs.Quiet));
        Assert.Equal(WatchChoice.Default, parsed.Watch);
    }

    [Fact]
    public async Task Every_option_arrives()
    {
        QuickArguments.Parsed parsed = await ReadAsync(
            "--rate", "0.5", "--duration", "5m", "--num", "3", "--payload", "{}", "--content-type", "text/x", "--method", "put", "-H",
            "A: 1", "-H", "B:2", "--insecure", "--quiet", "--timeout", "500ms",
            "--http2", "--max-connections", "7", "--new-connection-per-request", "--output", "o.json", "--report", "r.html", "--hgrm", "h",
            "--pid", "42", "--ensure", "p(95)<500", "--ensure", "errors==0",
            "--shard", "1/3", "--start-at", "2100-01-31T12:00:00Z", "--run-id", "nightly", Url);
        QuickSettings settings = parsed.Settings;
        Assert.Equal((0.5, 150L, 300.0, 3), (settings.Rate, settings.Arrivals, settings.DurationSeconds, settings.RequestsPerArrival));
        Assert.Equal(("PUT", "{}", "text/x"), (settings.Method.Method, Encoding.UTF8.GetString(settings.Payload!), settings.ContentType));
        Assert.Equal([KeyValuePair.Create("A", "1"), KeyValuePair.Create("B", "2")], settings.Headers);
        Assert.Equal(
            (true, true, 7, true, TimeSpan.FromSeconds(0.5)),
            (settings.Insecure, settings.Http2, settings.MaxConnections, settings.NewConnectionPerRequest, settings.Timeout));
        Assert.Equal("nightly", settings.RunId);
        Assert.Equal((new Shard(1, 3), new DateTimeOffset(2100, 1, 31, 12, 0, 0, TimeSpan.Zero)), (settings.Shard, settings.StartAt));
        Assert.Equal(
            ("o.json", "r.html", "h", true, 42),
            (parsed.Outputs.Json, parsed.Outputs.Report, parsed.Outputs.Hgrm, parsed.Outputs.Quiet, parsed.Watch.Pid));
        Assert.Equal(["p(95)<500", "errors==0"], parsed.Outputs.Conditions.Select(static condition => condition.Text));
    }

    [Fact]
    public async Task Stages_start_at_the_rate_and_give_the_arrivals()
    {
        QuickSettings settings = (await ReadAsync("-r", "10", "--stage", "30s:100", "--stage", "1m:100", "--warm-up", "5s", Url)).Settings;
        Assert.Equal((1650L + 6000, 90.0, 5.0), (settings.Arrivals, settings.DurationSeconds, settings.WarmUpSeconds));
        Assert.Equal((7650 / 90.0, 10.0), (settings.Rate, settings.FirstRate));
        Assert.Equal(["30s:100", "60s:100"], settings.Describe().Stages!);
    }

    [Theory]
    [InlineData(60.0, QuickSettings.MaxArrivals, "--users", "3")]
    [InlineData(5.0, QuickSettings.MaxArrivals, "--users", "3", "-d", "5")]
    [InlineData(null, 100L, "--users", "3", "-c", "100")]
    public async Task Users_take_a_time_or_a_count(double? seconds, long count, params string[] arguments)
    {
        QuickSettings settings = (await ReadAsync([.. arguments, "--think", "100ms", Url])).Settings;
        Assert.Equal((new ClosedLoop(3, TimeSpan.FromSeconds(0.1), seconds), count), (settings.Users, settings.Arrivals));
    }

    [Theory]
    [InlineData(500, 50, 10, "-c", "500")]
    [InlineData(20, 20, 1, "-c", "20")]
    [InlineData(30, 3, 10, "-c", "30", "-d", "10")]
    [InlineData(9000, 30, 300, "-r", "30", "-d", "300")]
    [InlineData(1, 0.1, 10, "-r", "0.1", "-d", "3")]
    public async Task Rate_count_and_duration_make_each_other(long arrivals, double rate, double seconds, params string[] arguments)
    {
        QuickSettings settings = (await ReadAsync([.. arguments, Url])).Settings;
        Assert.Equal((arrivals, rate, seconds), (settings.Arrivals, settings.Rate, settings.DurationSeconds));
    }

    [Theory]
    [InlineData("POST", "application/json", "-p", """{"a":1}""")]
    [InlineData("POST", "text/plain; charset=utf-8", "-p", "hello")]
    [InlineData("GET", "application/json", "-p", "1", "-X", "GET")]
    public async Task A_payload_is_posted_as_what_it_is(string method, string type, params string[] arguments)
    {
        QuickSettings settings = (await ReadAsync(["-c", "1", .. arguments, Url])).Settings;
        Assert.Equal((method, type), (settings.Method.Method, settings.ContentType));
    }

    [Fact]
    public async Task A_payload_may_come_from_a_file()
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "from a file", TestContext.Current.CancellationToken);
            Assert.Equal("from a file", Encoding.UTF8.GetString((await ReadAsync("-c", "1", "-p", "@" + path, Url)).Settings.Payload!));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("quick needs a URL; see warmwire quick --help")]
    [InlineData("quick needs a URL; see warmwire quick --help", "-r", "1")]
    [InlineData("give --rate (arrivals per second) or --count (arrivals in total)", Url)]
    [InlineData("give --rate (arrivals per second) or --count (arrivals in total), not both", "-r", "1", "-c", "1", Url)]
    [InlineData("the URL 'http://{{csv.h}}/' has a placeholder in its host; placeholders may only follow it", "-r", "1",
        "http://{{csv.h}}/")]
    [InlineData("--unix-socket is where connections lead to, so it cannot be used with --proxy", "-r", "1", "--unix-socket", "s",
        "--proxy", "p", Url)]
    [InlineData("with --proxy, the proxy looks names up, so it cannot be used with --resolve", "-r", "1", "--proxy", "p", "--resolve",
        "r", Url)]
    [InlineData("--cert-key needs --cert", "-r", "1", "--cert-key", "k", Url)]
    [InlineData("--cert-password-env needs --cert", "-r", "1", "--cert-password-env", "k", Url)]
    [InlineData("--follow-redirects must be a whole number from 1 to 50, not '51'", "-r", "1", "--follow-redirects", "51", Url)]
    [InlineData("--abort-on 'errors>5x': 'x' is not a unit of errors; compare it with a number, or a share of the requests in %", "-r",
        "1", "--abort-on", "errors>5x", Url)]
    [InlineData("--abort-on 'timewait>5': timewait is known only after the run; use it with --ensure", "-r", "1", "--abort-on",
        "timewait>5", Url)]
    [InlineData("--users sends a request after each response, so it cannot be used with --rate", "--users", "2", "-r", "1", Url)]
    [InlineData("--users sends a request after each response, so it cannot be used with --stage", "--users", "2", "--stage", "1s:1", Url)]
    [InlineData("--stage has rates, so it cannot be used with --count", "--stage", "1s:1", "-c", "1", Url)]
    [InlineData("each --stage has its own time, so it cannot be used with --duration", "--stage", "1s:1", "-d", "1", Url)]
    [InlineData("--think is for --users", "-r", "1", "--think", "1s", Url)]
    [InlineData("--stage must be a time and a rate from 0 to 1,000,000 such as 30s:100, not '30s'", "--stage", "30s", Url)]
    [InlineData("--stage must be a time and a rate from 0 to 1,000,000 such as 30s:100, not '0:5'", "--stage", "0:5", Url)]
    [InlineData("--stage: one of the stages must have a rate above 0", "--stage", "1s:0", Url)]
    [InlineData("the stages of --stage may take 7 days together at most", "--stage", "100h:5", "--stage", "100h:5", Url)]
    [InlineData("--users must be a whole number from 1 to 10,000, not '0'", "--users", "0", Url)]
    [InlineData("--rate must be a number of arrivals per second, more than 0 and at most 1,000,000, not '0'", "-r", "0", Url)]
    [InlineData("--rate must be a number of arrivals per second, more than 0 and at most 1,000,000, not '-3'", "-r=-3", Url)]
    [InlineData("--rate must be a number of arrivals per second, more than 0 and at most 1,000,000, not 'NaN'", "-r", "NaN", Url)]
    [InlineData("--duration must be a time from 1ms to 7 days such as 300, 90s, 5m, 1h or 500ms, not '8d'", "-r", "1", "-d", "8d", Url)]
    [InlineData("--timeout must be a time from 1ms to 7 days such as 300, 90s, 5m, 1h or 500ms, not '0'", "-r", "1", "--timeout", "0", Url)]
    [InlineData("--num must be a whole number from 1 to 1,000,000, not '1.5'", "-c", "1", "-n", "1.5", Url)]
    [InlineData("--pid must be the number of a process, auto or none, not 'x'", "-c", "1", "--pid", "x", Url)]
    [InlineData("--shard must be I/N with N from 1 to 10000 and I from 0 to N-1, such as 0/4, not '5'", "-c", "1", "--shard", "5", Url)]
    [InlineData(
        "--run-id must be 1 to 100 letters, digits and '-', '_', '.', ':', not 'a b'", "-c", "1", "--run-id", "a b", Url)]
    [InlineData("--start-at must be a time such as 2027-01-31T12:00:00Z, not 'noon'", "-c", "1", "--start-at", "noon", Url)]
    [InlineData(
        "the URL must be an absolute http or https URL, not 'localhost:8080'; did you mean http://localhost:8080/?",
        "-c", "1", "localhost:8080")]
    [InlineData(
        "the URL must not contain a user name or password; use --header 'Authorization: …'", "-c", "1", "http://me:secret@localhost/")]
    [InlineData("--ensure 'p95<500': there is no metric 'p95'; did you mean p(95)?", "-c", "1", "--ensure", "p95<500", Url)]
    [InlineData("quick has no option '--rat'; see warmwire quick --help", "--rat", "1", "-c", "1", Url)]
    public void Wrong_arguments_are_named_in_one_line(string error, params string[] arguments)
    {
        ParseResult parsed = CommandLine.Parse(["quick", .. arguments]);
        Assert.IsType<ParseErrorAction>(parsed.Action, exactMatch: false);
        Assert.Equal(error, CommandLine.ErrorOf(parsed));
    }

    [Theory]
    [InlineData("--payload: there is no folder /no/such", "-p", "@/no/such/file")]
    [InlineData("--payload: / is a directory", "-p", "@/")]
    [InlineData("--method 'A B' is not an HTTP method", "-X", "A B")]
    [InlineData("--content-type 'x' is not a media type", "-p", "1", "-t", "x")]
    [InlineData("--header 'nonsense' is not of the form 'Name: value'", "-H", "nonsense")]
    [InlineData("--header 'A B: c' is not of the form 'Name: value'", "-H", "A B: c")]
    [InlineData("--header Content-Type describes a body; use it with --payload", "-H", "Content-Type: text/plain")]
    [InlineData("--start-at 2020-01-01T00:00:00Z has passed", "--start-at", "2020-01-01T00:00:00Z")]
    public async Task What_is_found_wrong_later_is_one_line_too(string error, params string[] arguments)
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => ReadAsync(["-c", "1", .. arguments, Url]));
        Assert.StartsWith(error, failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.Equal(ExitCodes.Usage, failure.ExitCode);
    }

    private static async Task<QuickArguments.Parsed> ReadAsync(params string[] arguments)
    {
        QuickArguments.Parsed? read = null;
        Command command = QuickArguments.Command((parsed, _) =>
        {
            read = parsed;
            return Task.FromResult(ExitCodes.Success);
        });
        ParseResult result = command.Parse(arguments, CommandLine.Parsing);
        Assert.Empty(result.Errors);
        Assert.Equal(ExitCodes.Success, await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
        return read!;
    }
}
