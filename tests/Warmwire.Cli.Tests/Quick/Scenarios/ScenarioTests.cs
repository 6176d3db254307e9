using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Scenarios;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Scenarios;

public sealed class ScenarioTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-scenario-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_flow_is_done_by_each_arrival_with_what_it_captured()
    {
        var requests = new ConcurrentQueue<string>();
        int orders = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            string path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            requests.Enqueue($"{context.Request.Method} {path} {context.Request.ContentType} {await reader.ReadToEndAsync()}".Trim());
            if (context.Request.Method == "POST")
            {
                context.Response.StatusCode = 201;
                context.Response.Headers.ETag = "\"7\"";
                await context.Response.WriteAsJsonAsync(new { order = new { id = Interlocked.Increment(ref orders) } });
            }
            else
            {
                await context.Response.WriteAsync("state: open; next: /orders?page=2");
            }
        });
        string file = Write($$$"""
            config:
              target: {{{target.Url}}}api
              phases:
                - duration: 0.3
                  arrivalCount: 2
            scenarios:
              - name: order
                flow:
                  - post:
                      url: /orders
                      json: { item: book, count: 2, gift: true, note: null, tags: [a, "1"] }
                      expect: { statusCode: 201 }
                      capture:
                        - { json: $.order.id, as: id }
                        - { header: ETag, as: tag }
                  - think: 10ms
                  - loop:
                      - get:
                          url: /orders/{{ id }}
                          headers: { If-None-Match: "{{ tag }}" }
                          match: { regexp: "state: (\\w+)", group: 1, value: open }
                          capture: { regexp: "next: (\\S+)", group: 1, as: next }
                    count: 2
                  - get: { url: "{{ next }}", match: { json: $.none, value: 1 } }
                  - delete: { url: "/orders/{{ id }}" }
            """);
        QuickResult result = await ParsedRun.RunAsync("--scenario", file, "--max-connections", "1");
        Assert.Equal((2, 10, 10), (result.Arrivals, result.Requests, result.Responses));
        string[] first =
        [
            """POST /api/orders application/json {"item":"book","count":2,"gift":true,"note":null,"tags":["a","1"]}""",
            "GET /api/orders/1", "GET /api/orders/1", "GET /api/orders?page=2", "DELETE /api/orders/1",
        ];
        IEnumerable<string> second = first[1..].Select(static line => line.Replace("/1", "/2", StringComparison.Ordinal)).Append(first[0]);
        Assert.Equal(first.Concat(second).Order(), requests.Order());
        Assert.Equal(
            new Dictionary<string, CheckResult>
            {
                ["capture id ($.order.id)"] = new(2, 0),
                ["capture next (/next: (\\S+)/)"] = new(4, 0),
                ["capture tag (header ETag)"] = new(2, 0),
                ["match $.none==1"] = new(0, 2),
                ["match /state: (\\w+)/==open"] = new(4, 0),
                ["status==201"] = new(2, 0),
            },
            result.Checks);
        Assert.Equal(5, result.Target.RequestsPerArrival);
    }

    [Fact]
    public async Task Who_lacks_what_the_next_request_needs_does_not_go_on()
    {
        int orders = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            Interlocked.Add(ref orders, context.Request.Path == "/order" ? 1 : 0);
            return context.Response.WriteAsync("{}");
        });
        string file = Write($$$"""
            config: { target: "{{{target.Url}}}" }
            scenarios: [ { flow: [ { get: { url: /, capture: { json: $.id, as: id } } }, { get: { url: "/order?{{ id }}" } } ] } ]
            """);
        QuickResult result = await ParsedRun.RunAsync("--scenario", file, "-c", "5", "-d", "0.1");
        Assert.Equal((5, 0), (result.Requests, orders));
        Assert.Equal(new CheckResult(0, 5), result.Checks["capture id ($.id)"]);
    }

    [Fact]
    public async Task Scenarios_are_chosen_by_weight_and_headers_checks_and_the_URL_are_of_the_command_line()
    {
        var seen = new ConcurrentBag<string>();
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            seen.Add($"{context.Request.Path} {context.Request.Headers["X-Key"]}");
            return context.Response.WriteAsync("ok");
        });
        string file = Write("""
            config:
              target: http://192.0.2.1
              phases: [ { pause: 0.1 }, { duration: 1, arrivalRate: 40, rampTo: 60 } ]
            scenarios:
              - { weight: 3, flow: [ { get: { url: /a } } ] }
              - { flow: [ { get: { url: /b } } ] }
            """);
        QuickResult result = await ParsedRun.RunAsync(
            "--scenario", file, "-H", "X-Key: 5", "--check", "body==ok", target.Url.ToString());
        Assert.Equal((50, 1.1), (result.Requests, Math.Round(result.Target.DurationSeconds, 6)));
        Assert.InRange(seen.Count(static line => line == "/a 5"), 36, 39);
        Assert.Equal(50, seen.Count(static line => line is "/a 5" or "/b 5"));
        Assert.Equal(new CheckResult(50, 0), result.Checks["body==ok"]);
    }

    [Theory]
    [InlineData(
        3,
        "config has the key 'plugins', which is not read; those that are: target, phases",
        "config:\n  target: http://a\n  plugins: {}\nscenarios: []")]
    [InlineData(1, "the file has no 'scenarios'", "config: { target: 'http://a' }")]
    [InlineData(
        1, "'target' must be an absolute http or https URL, not 'a'; did you mean http://a/?", "config: { target: a }\nscenarios: []")]
    [InlineData(2, "'scenarios' must have from 1 to 100 scenarios", "config: { target: 'http://a' }\nscenarios: []")]
    [InlineData(
        2,
        "a phase needs 'arrivalRate', 'arrivalCount' or 'pause'",
        "config: { target: 'http://a', phases: [\n{ duration: 1 }] }\nscenarios: []")]
    [InlineData(
        2,
        "'duration' must be a time from 1ms to 7 days such as 60, 90s or 5m, not 'x'",
        "config: { target: 'http://a', phases: [\n{ duration: x }] }\nscenarios: []")]
    [InlineData(
        1,
        "a step has the key 'emit', which is not read; those that are: get, post, put, delete, patch, head, think, loop",
        "{FLOW}{ emit: {} }")]
    [InlineData(
        1,
        "get has the key 'beforeRequest', which is not read; those that are: url, name, headers, json, body, capture, match, expect",
        "{FLOW}{ get: { url: /, beforeRequest: f } }")]
    [InlineData(1, "'flow' has no request", "{FLOW}{ think: 1 }")]
    [InlineData(1, "get has no 'url'", "{FLOW}{ get: {} }")]
    [InlineData(1, "'url' must be a path such as /home or an http or https URL, not 'home'", "{FLOW}{ get: { url: home } }")]
    [InlineData(1, "'url' has {{id}}, which no request before it captures", "{FLOW}{ get: { url: '/{{id}}' } }")]
    [InlineData(1, "'body' has {{csv.id}}, and --data has no such column", "{FLOW}{ get: { url: '/', body: '{{csv.id}}' } }")]
    [InlineData(1, "a step with 'loop' needs a 'count'", "{FLOW}{ loop: [] }")]
    [InlineData(1, "'count' must be a number from 1 to 1000000, not 'many'", "{FLOW}{ loop: [], count: many }")]
    [InlineData(1, "'think' must be a time such as 1, 0.5 or 500ms, not 'long'", "{FLOW}{ think: long }")]
    [InlineData(1, "capture needs one of 'json', 'header' and 'regexp'", "{FLOW}{ get: { url: /, capture: { as: x } } }")]
    [InlineData(
        1,
        "capture has the key 'xpath', which is not read; those that are: json, header, regexp, group, as",
        "{FLOW}{ get: { url: /, capture: { xpath: x, as: x } } }")]
    [InlineData(
        1,
        "'json' must be a path such as $.items[0].id, of names, indexes and [*], not '$..id'",
        "{FLOW}{ get: { url: /, capture: { json: $..id, as: x } } }")]
    [InlineData(
        1,
        "'group' must be the number of a group of 'regexp', not '2'",
        "{FLOW}{ get: { url: /, match: { regexp: (a), group: 2, value: a } } }")]
    [InlineData(1, "'statusCode' must be a status code such as 200, not 'ok'", "{FLOW}{ get: { url: /, expect: { statusCode: ok } } }")]
    public async Task What_is_not_read_is_told_with_file_line_and_key(int line, string error, string text)
    {
        string file = Write(text.Replace("{FLOW}", "config: { target: 'http://a' }\nscenarios: [ { flow: [ ", StringComparison.Ordinal)
            + (text.StartsWith("{FLOW}", StringComparison.Ordinal) ? " ] } ]" : ""));
        if (text.StartsWith("{FLOW}", StringComparison.Ordinal))
        {
            line++;
        }

        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => ParsedRun.ParseAsync("-c", "1", "--scenario", file));
        Assert.Equal(($"--scenario {file}, line {line}: {error}", ExitCodes.Usage), (failure.Message, failure.ExitCode));
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("a: 1\na: 2")]
    [InlineData("a: 'b")]
    public async Task What_is_no_YAML_is_told_with_its_line(string text)
    {
        string file = Write(text);
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => ParsedRun.ParseAsync("-c", "1", "--scenario", file));
        Assert.StartsWith($"--scenario {file}, line ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(": it is not YAML: ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public async Task Without_phases_and_without_a_rate_there_is_no_load()
    {
        string file = Write("config: { target: 'http://a' }\nscenarios: [ { flow: [ { get: { url: / } } ] } ]");
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => ParsedRun.ParseAsync("--scenario", file));
        Assert.Equal("the scenario has no phases; give --rate, --count, --stage or --users", failure.Message);
    }

    [Theory]
    [InlineData("$", "[1]", "[1]")]
    [InlineData("$.a.b", """{"a":{"b":"x"}}""", "x")]
    [InlineData("$['a b'][1]", """{"a b":[1,2]}""", "2")]
    [InlineData("$.a[-1].c", """{"a":[{"c":1},{"c":null}]}""", "null")]
    [InlineData("$[*].id", """[{"x":1},{"id":7},{"id":8}]""", "7")]
    [InlineData("$.a[5]", """{"a":[1]}""", null)]
    [InlineData("$.a.b", """{"a":1}""", null)]
    [InlineData("$.a", "no JSON", null)]
    public void A_path_finds_its_first_value(string path, string json, string? value)
    {
        Assert.True(JsonPath.TryParse(path, out JsonPath? parsed));
        Assert.Equal(value, parsed.Find(json));
    }

    [Theory]
    [InlineData("--scenario has its own requests, so it cannot be used with --payload", "-p", "x")]
    [InlineData("--scenario has its own requests, so it cannot be used with --method", "-X", "PUT")]
    [InlineData("--num is for a URL; a scenario has its own loops", "-n", "2")]
    [InlineData("--duration is for --rate, --count or --users; the phases of a scenario have their own", "-d", "2")]
    public void What_a_scenario_has_itself_is_refused(string error, params string[] arguments) =>
        Assert.Equal(error, CommandLine.ErrorOf(CommandLine.Parse(["quick", "--scenario", "x", .. arguments])));

    private string Write(string text)
    {
        string path = Path.Combine(_folder.FullName, "scenario.yml");
        File.WriteAllText(path, text);
        return path;
    }
}
