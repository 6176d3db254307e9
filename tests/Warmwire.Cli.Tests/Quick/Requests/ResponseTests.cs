using System.Net;
using Microsoft.AspNetCore.Http;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Requests;

public sealed class ResponseTests
{
    [Fact]
    public async Task Failures_are_counted_by_check()
    {
        int request = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            int number = Interlocked.Increment(ref request);
            context.Response.StatusCode = number % 4 == 0 ? 503 : 200;
            context.Response.Headers["X-Shard"] = number % 2 == 0 ? "even" : "odd";
            return context.Response.WriteAsync(number % 5 == 0 ? "sorry" : "welcome");
        });
        QuickResult result = await ParsedRun.RunAsync(
            "-c", "20", "-d", "0.4", "--check", "status==200", "--check", "header X-Shard==odd", "--check", "body~welcome",
            "--check", "header X-None", "--ensure", "checks.failed<1%", target.Url.ToString());
        Assert.Equal(
            new Dictionary<string, CheckResult>
            {
                ["body~welcome"] = new(16, 4),
                ["header X-None"] = new(0, 20),
                ["header X-Shard==odd"] = new(10, 10),
                ["status==200"] = new(15, 5),
            },
            result.Checks);
        using var report = new StringWriter();
        Cli.Quick.Reports.HtmlReport.Write(report, result);
        Assert.Contains("header X-Shard==odd", report.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "39 of 80 checks failed, most often header X-None (20).", QuickVerdict.Sentences(result));
        Assert.True(Cli.Quick.Ensuring.EnsureCondition.TryParse("checks.failed<1%", out var condition, out _));
        Assert.Equal("48.75 % (39 of 80)", condition.Evaluate(result).Actual);
    }

    [Theory]
    [InlineData("status==200", true)]
    [InlineData("status!=200", false)]
    [InlineData("status==2xx", true)]
    [InlineData("status!=5xx", true)]
    [InlineData("header content-type~plain", true)]
    [InlineData("header X-A==1, 2", true)]
    [InlineData("header X-A!=1", true)]
    [InlineData("header X-None!=1", true)]
    [InlineData("header X-None~1", false)]
    [InlineData("body==hello", true)]
    [InlineData("body!=hello", false)]
    [InlineData("body~ell", true)]
    [InlineData("body!~ell", false)]
    public void A_check_holds_or_not(string text, bool holds)
    {
        Assert.True(Check.TryParse(text, out Check? check, out string? problem), problem);
        using var message = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("") };
        message.Headers.Add("X-A", ["1", "2"]);
        Assert.Equal(holds, check.Holds(new ResponseText(200, message, "hello"u8.ToArray())));
    }

    [Theory]
    [InlineData("")]
    [InlineData("status")]
    [InlineData("status==ok")]
    [InlineData("status~2")]
    [InlineData("body")]
    [InlineData("header")]
    [InlineData("cookie==1")]
    public void What_is_no_check_is_told(string text) => Assert.False(Check.TryParse(text, out _, out _));

    [Fact]
    public async Task Redirects_are_followed_with_the_cookies_of_each_arrival()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            string user = context.Request.Cookies["user"] ?? "";
            switch (context.Request.Path.Value)
            {
                case "/login":
                    context.Response.Cookies.Append("user", Guid.NewGuid().ToString());
                    context.Response.Redirect("/home");
                    break;
                case "/home" when user.Length > 0 && context.Request.Method == "GET":
                    return context.Response.WriteAsync("hello");
                default:
                    context.Response.StatusCode = 403;
                    break;
            }

            return Task.CompletedTask;
        });
        QuickResult followed = await ParsedRun.RunAsync("-c", "10", "-d", "0.2", "-p", "x", "--cookies", "--follow-redirects",
            $"{target.Url}login");
        Assert.Equal((10, 10, 20), (followed.Codes["200"], followed.Redirects, followed.Connections.Exchanges));
        QuickResult without = await ParsedRun.RunAsync("-c", "10", "-d", "0.2", "-p", "x", "--follow-redirects", "3", $"{target.Url}login");
        Assert.Equal(10, without.Codes["403"]);
        QuickResult not = await ParsedRun.RunAsync("-c", "10", "-d", "0.2", "--cookies", $"{target.Url}login");
        Assert.Equal((10, 0), (not.Codes["302"], not.Redirects));
    }

    [Fact]
    public async Task Connections_that_redirects_lead_to_are_counted_and_credentials_stay_with_their_origin()
    {
        string? authorization = "";
        await using LoadTarget other = await LoadTarget.StartAsync(context =>
        {
            authorization = context.Request.Headers.Authorization;
            return context.Response.WriteAsync("there");
        });
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            context.Response.Redirect($"{other.Url}there");
            return Task.CompletedTask;
        });
        QuickResult result = await ParsedRun.RunAsync(
            "-c", "6", "-d", "0.2", "--follow-redirects", "-H", "Authorization: Basic x", "--check", "body==there", target.Url.ToString());
        Assert.Equal(new CheckResult(6, 0), result.Checks["body==there"]);
        Assert.Equal(target.Connections + other.Connections, result.Connections.Opened);
        Assert.Null(authorization);
    }

    [Fact]
    public async Task No_more_redirects_are_followed_than_was_said()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(static context =>
        {
            context.Response.Redirect("/again");
            return Task.CompletedTask;
        });
        QuickResult result = await ParsedRun.RunAsync("-c", "1", "--follow-redirects", "3", target.Url.ToString());
        Assert.Equal((1, 3), (result.Codes["302"], result.Redirects));
    }

    [Fact]
    public async Task A_condition_ends_the_run_and_it_is_said_when()
    {
        int requests = 0;
        await using LoadTarget target = await LoadTarget.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref requests) > 30 ? 500 : 200;
            return Task.CompletedTask;
        });
        QuickResult result = await ParsedRun.RunAsync(
            "-r", "50", "-d", "10m", "--abort-on", "errors>5%", "--abort-on", "codes.5xx>20%", target.Url.ToString());
        Assert.Equal("codes.5xx>20%", result.Aborted!.Condition);
        Assert.InRange(result.Aborted.AtSeconds, 1, 60);
        Assert.InRange(result.ElapsedSeconds, result.Aborted.AtSeconds - 0.1, 120);
        Assert.False(result.Interrupted);
        Assert.StartsWith(
            string.Create(null, $"Aborted after {result.Aborted.AtSeconds:0.#} s because codes.5xx>20% held: "),
            QuickVerdict.Sentences(result)[0],
            StringComparison.Ordinal);
        Assert.InRange(result.AchievedRate, 10, 55);
    }
}
