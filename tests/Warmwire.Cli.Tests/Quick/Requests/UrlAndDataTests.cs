using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Requests;

public sealed class UrlAndDataTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-inputs-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_list_of_URLs_is_sent_by_weight()
    {
        var paths = new ConcurrentBag<string>();
        Task Answer(HttpContext context)
        {
            paths.Add(context.Request.Path);
            return context.Response.WriteAsync("ok");
        }

        await using LoadTarget one = await LoadTarget.StartAsync(Answer);
        await using LoadTarget other = await LoadTarget.StartAsync(Answer);
        string list = Write("urls.txt", $"""
            # the shop
            {one.Url}home 7

            {one.Url}cart
            {other.Url}search 2
            """);
        QuickResult result = await ParsedRun.RunAsync("-c", "100", "-d", "1", "@" + list);
        Dictionary<string, int> sent = paths.CountBy(static path => path).ToDictionary();
        Assert.InRange(sent["/home"], 68, 72);
        Assert.InRange(sent["/search"], 18, 22);
        Assert.Equal(100, sent["/home"] + sent["/search"] + sent["/cart"]);
        Assert.Equal(100, result.Responses);
        Assert.Equal(one.Connections + other.Connections, result.Connections.Opened);
        Assert.Equal($"{one.Url}home and 2 more URLs", result.Target.Url);
    }

    [Fact]
    public async Task Values_of_a_CSV_file_are_in_URL_header_and_body_a_row_for_each_arrival()
    {
        var requests = new ConcurrentQueue<string>();
        await using LoadTarget target = await LoadTarget.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            requests.Enqueue($"{context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget} {context.Request.Headers["X-Name"]} "
                + $"{context.Request.ContentType} {await reader.ReadToEndAsync()}");
        });
        string data = Write("users.csv", "id,name,path\n1,Ann,a/b\n\"2 & 3\",\"Bob \"\"B\"\"\",c?d=1\n");
        QuickResult result = await ParsedRun.RunAsync(
            "-c", "3", "-d", "0.5", "--max-connections", "1", "--data", data, "-H", "X-Name: {{csv.name}}",
            "-p", """{"id": "{{csv.id}}", "n": {{ csv.id }}}""", $"{target.Url}u/{{{{csv.id}}}}/{{{{{{csv.path}}}}}}");
        Assert.Equal(3, result.Codes["200"]);
        Assert.Equal(
            [
                """/u/1/a/b Ann application/json {"id": "1", "n": 1}""",
                """/u/2%20%26%203/c?d=1 Bob "B" application/json {"id": "2 & 3", "n": 2 & 3}""",
                """/u/1/a/b Ann application/json {"id": "1", "n": 1}""",
            ],
            requests);
    }

    [Theory]
    [InlineData(
        "{0}, line 2: the URL must be an absolute http or https URL, not 'nonsense'; did you mean http://nonsense/?",
        "http://a/\nnonsense")]
    [InlineData("{0}, line 1: after the URL may follow one weight, more than 0 and at most 1,000,000, not '0'", "http://a/ 0")]
    [InlineData("{0}, line 1: after the URL may follow one weight, more than 0 and at most 1,000,000, not '1 2'", "http://a/ 1 2")]
    [InlineData("{0} has no URL", "# nothing\n\n")]
    public async Task What_is_wrong_with_a_list_is_said_with_its_line(string error, string text)
    {
        string path = Write("urls.txt", text);
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => ParsedRun.ParseAsync("-c", "1", "@" + path));
        Assert.Equal((string.Format(null, error, path), ExitCodes.Usage), (failure.Message, failure.ExitCode));
    }

    [Theory]
    [InlineData("--data {0}: it is empty; its first line must have the names of columns", "", "http://a/{{csv.id}}")]
    [InlineData("--data {0}: it has no row after the names of columns", "id", "http://a/{{csv.id}}")]
    [InlineData("--data {0}: two columns are named 'id'", "id,id\n1,2", "http://a/{{csv.id}}")]
    [InlineData("--data {0}: line 3 has 1 fields and the first line has 2", "id,b\n1,2\n3", "http://a/{{csv.id}}")]
    [InlineData("the URL: --data has no column for {{{{csv.name}}}}; it has csv.id, csv.b", "id,b\n1,2", "http://a/{{csv.name}}")]
    [InlineData("the URL: '{{{{csv.id' is not a placeholder such as {{{{csv.id}}}}", "id,b\n1,2", "http://a/{{csv.id")]
    public async Task What_is_wrong_with_data_is_one_line(string error, string text, string url)
    {
        string path = Write("data.csv", text);
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => ParsedRun.ParseAsync("-c", "1", "--data", path, url));
        Assert.Equal((string.Format(null, error, path), ExitCodes.Usage), (failure.Message, failure.ExitCode));
    }

    [Fact]
    public async Task A_placeholder_needs_data()
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(
            () => ParsedRun.ParseAsync("-c", "1", "-p", "{{csv.id}}", "http://a/"));
        Assert.Equal("--payload has a placeholder {{csv.…}}, which needs --data", failure.Message);
    }

    [Fact]
    public void Weights_are_kept_in_every_run_of_numbers()
    {
        var list = new WeightedList<char>([('a', 3), ('b', 1), ('c', 6)]);
        foreach (long from in (long[])[0, 12_345, 9_000_000_000])
        {
            Dictionary<char, int> picked = Enumerable.Range(0, 1000).Select(i => list.Pick(from + i)).CountBy(static item => item)
                .ToDictionary();
            Assert.InRange(picked['a'], 297, 303);
            Assert.InRange(picked['b'], 97, 103);
            Assert.InRange(picked['c'], 597, 603);
        }
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
