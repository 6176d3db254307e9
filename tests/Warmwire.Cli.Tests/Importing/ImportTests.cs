using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Warmwire.Cli.Importing;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.Quick;
using Xunit;

namespace Warmwire.Cli.Tests.Importing;

public sealed class ImportTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-import-");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The request that curl itself sends is the one that quick sends.</summary>
    [Theory]
    [InlineData("curl {0}a?b=c")]
    [InlineData("curl -sS -XPUT {0} -H 'X-A: it'\\''s' --data-raw '{{\"a\":1}}' -H \"content-type: application/json\"")]
    [InlineData("curl -d a=1 -d b=2 \\\n  --user me:secret -A agent/1 -e http://r/ {0}form")]
    [InlineData("curl -G --data-urlencode 'q=a b&c' -d x=y '{0}s?z=1'")]
    [InlineData("curl --json '[1]' {0}")]
    [InlineData("curl --data-urlencode 'q=a b&c' --data-urlencode 'x y' {0}")]
    [InlineData("curl -I {0}")]
    [InlineData("curl $'{0}' -b 'a=b; c=d' --data-binary $'line\\r\\nit\\'s \\u00e9' -kv")]
    [InlineData("curl -d @{1} --compressed {0}")]
    public async Task A_curl_command_line_is_the_same_request(string command)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/curl"), "curl is not there to compare with");
        var seen = new ConcurrentQueue<string>();
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            string body = await reader.ReadToEndAsync();
            string headers = string.Join('\n', context.Request.Headers
                .Where(static header => header.Key is not ("Host" or "User-Agent" or "Accept" or "Content-Length" or "Accept-Encoding")
                    || header.Value == "agent/1" || header.Value == "application/json")
                .Select(static header => $"{header.Key}: {header.Value}").Order(StringComparer.Ordinal));
            seen.Enqueue(
                $"{context.Request.Method} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}\n{headers}\n\n{body}");
        });
        string file = Path.Combine(_folder.FullName, "body");
        await File.WriteAllTextAsync(file, "from a file", TestContext.Current.CancellationToken);
        command = string.Format(null, command, target.Url, file);
        using (Process curl = Process.Start("bash", ["-c", command + " > /dev/null 2>&1"]))
        {
            await curl.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, curl.ExitCode);
        }

        IReadOnlyList<string> words = ShellWords.Split(CurlCommand.ToQuick(command));
        Assert.Equal(["warmwire", "quick", "-c", "1"], words.Take(4));
        QuickResult result = await ParsedRun.RunAsync([.. words.Skip(2)]);
        Assert.Equal((1, 2), (result.Responses, seen.Count));
        Assert.Equal(seen.First(), seen.Last());
    }

    [Theory]
    [InlineData("warmwire quick -c 1 https://a/", "https://a/")]
    [InlineData("warmwire quick -c 1 http://a", "curl a")]
    [InlineData("warmwire quick -c 1 -X DELETE --insecure --follow-redirects 50 'https://a/x y'", "curl -kLX DELETE 'https://a/x y'")]
    [InlineData(
        "warmwire quick -c 1 --proxy http://p:3128 --resolve a:443:1.2.3.4 --cert c.pem --cert-key k.pem --timeout 5 --follow-redirects 3 "
            + "https://a",
        "curl -x p:3128 --resolve a:443:1.2.3.4 -E c.pem --key k.pem -m5 -L --max-redirs 3 https://a")]
    public void Options_of_curl_are_those_of_quick(string quick, string curl) => Assert.Equal(quick, CurlCommand.ToQuick(curl));

    [Theory]
    [InlineData("curl's option -F has no counterpart in quick", "curl -F a=b http://a")]
    [InlineData("curl's option --ftp-port has no counterpart in quick", "curl --ftp-port - http://a")]
    [InlineData("curl's option -H has no value", "curl http://a -H")]
    [InlineData("curl's command line has no URL", "curl -s")]
    [InlineData("curl's command line has two URLs, http://a and b; import one at a time", "curl a b")]
    [InlineData("a quote ' is not closed", "curl 'http://a")]
    [InlineData("'|' outside of quotes needs a shell, which there is none of here", "curl http://a | jq")]
    [InlineData("'$' in double quotes needs a shell, which there is none of here", "curl -H \"A: $B\" http://a")]
    [InlineData("curl's option --cookie names a file, which is not read; give name=value", "curl -b jar http://a")]
    [InlineData("curl's option --user has no password, and nobody is asked for one here", "curl -u me http://a")]
    [InlineData("curl's --header 'Accept:' takes a header away, which has no counterpart in quick", "curl -H 'Accept:' http://a")]
    [InlineData("a body that begins with '@' is a file to quick; write it to a file and import that", "curl --data-raw @a http://a")]
    public void What_quick_cannot_send_is_one_line(string error, string curl)
    {
        CommandFailure failure = Assert.Throws<CommandFailure>(() => CurlCommand.ToQuick(curl));
        Assert.Equal((error, ExitCodes.Usage), (failure.Message, failure.ExitCode));
    }

    [Fact]
    public async Task An_HTTP_archive_is_a_scenario_that_sends_its_requests()
    {
        var seen = new ConcurrentQueue<string>();
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            string path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            seen.Enqueue($"{context.Request.Method} {path} {context.Request.Headers["X-A"]} {context.Request.ContentType} "
                + await reader.ReadToEndAsync());
            context.Response.StatusCode = path == "/login" ? 201 : 200;
        });
        string har = Write($$$"""
            { "log": { "entries": [
              { "startedDateTime": "2026-12-01T10:00:00.000Z", "time": 50,
                "request": { "method": "GET", "url": "{{{target.Url}}}?q=1#top", "headers": [
                  { "name": ":authority", "value": "x" }, { "name": "Host", "value": "x" }, { "name": "X-A", "value": "it's: \"1\"" } ] },
                "response": { "status": 200 } },
              { "startedDateTime": "2026-12-01T10:00:00.100Z", "time": 1, "request": { "method": "GET", "url": "data:,x", "headers": [] } },
              { "startedDateTime": "2026-12-01T10:00:00.550Z", "time": 20,
                "request": { "method": "POST", "url": "{{{target.Url}}}login", "headers": [
                  { "name": "Content-Type", "value": "application/x-www-form-urlencoded" } ],
                  "postData": { "mimeType": "x", "params": [ { "name": "a b", "value": "c&d" } ] } },
                "response": { "status": 201 } } ] } }
            """);
        string scenario = HarScenario.Read(har);
        Assert.StartsWith(
            "# 2 requests, one after another: what a browser does at the same time is not.\n"
                + "# 1 entries of other methods or schemes were left out.\nconfig:",
            scenario,
            StringComparison.Ordinal);
        Assert.Contains("- think: 0.5\n", scenario, StringComparison.Ordinal);
        string file = Write(scenario);
        QuickResult result = await ParsedRun.RunAsync("--scenario", file);
        Assert.Equal(
            ["GET /?q=1 it's: \"1\"  ", "POST /login  application/x-www-form-urlencoded a%20b=c%26d"], seen);
        Assert.Equal((2, 1), (result.Responses, result.Arrivals));
        Assert.All(result.Checks.Values, static check => Assert.Equal(0, check.Failed));
        Assert.InRange(result.ElapsedSeconds, 0.5, 60);
    }

    [Theory]
    [InlineData("import har: {0} is not an HTTP archive: ", "nonsense")]
    [InlineData("import har: {0} is not an HTTP archive: ", "{}")]
    [InlineData("import har: {0}: it has no http request", """{ "log": { "entries": [] } }""")]
    [InlineData("import har: {0}: '{{{{' in '{{{{x' would be a placeholder in a scenario", """
        { "log": { "entries": [ { "startedDateTime": "2026-12-01T10:00:00Z", "time": 1, "request": { "method": "POST", "url": "http://a/",
        "headers": [], "postData": { "text": "{{x" } } } ] } }
        """)]
    public void What_is_no_archive_is_one_line(string error, string text)
    {
        string path = Write(text);
        CommandFailure failure = Assert.Throws<CommandFailure>(() => HarScenario.Read(path));
        Assert.StartsWith(string.Format(null, error, path), failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Theory]
    [InlineData("import curl needs a COMMAND; see warmwire import curl --help", "import", "curl")]
    [InlineData("import har needs a FILE; see warmwire import har --help", "import", "har")]
    public void What_is_missing_is_named(string error, params string[] arguments) =>
        Assert.Equal(error, CommandLine.ErrorOf(CommandLine.Parse(arguments)));

    private string Write(string text)
    {
        string path = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, text);
        return path;
    }
}
