using System.CommandLine;
using System.CommandLine.Invocation;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Options;
using Warmwire.Cli.Outcomes;
using Xunit;

namespace Warmwire.Cli.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Without_options_there_are_defaults() => Assert.Equal(
        new CompareSettings(null, Tls: false, TimeSpan.Zero, Concurrency: 32, Requests: null, Json: false),
        await ReadAsync());

    [Fact]
    public async Task Every_option_arrives() => Assert.Equal(
        new CompareSettings(null, Tls: true, TimeSpan.FromMilliseconds(50), Concurrency: 4, Requests: 60, Json: true),
        await ReadAsync("--tls", "--rtt", "50ms", "-c", "4", "-n", "60", "--json"));

    [Fact]
    public async Task A_foreign_server_has_the_scheme_of_its_url()
    {
        CompareSettings settings = await ReadAsync("--url", "https://example.com/a?b", "--concurrency", "1", "--requests", "7");
        Assert.Equal(new Uri("https://example.com/a?b"), settings.Url);
        Assert.Equal("https", settings.Scheme);
        Assert.Equal((1, 7), (settings.Concurrency, settings.Requests));
    }

    [Theory]
    [InlineData("there is no command 'foo'; see warmwire --help", "foo")]
    [InlineData("compare has no option '--bogus'; see warmwire compare --help", "compare", "--bogus")]
    [InlineData("merge needs a FILE; see warmwire merge --help", "merge")]
    [InlineData("--requests must be a whole number from 1 to 1,000,000, not '0'", "compare", "-n", "0")]
    [InlineData("--requests must be a whole number from 1 to 1,000,000, not 'many'", "compare", "--requests", "many")]
    [InlineData("--concurrency must be a whole number from 1 to 1,000, not '1001'", "compare", "-c", "1001")]
    [InlineData("--rtt must be a time from 0 to 2s such as 50ms, 0.05s or 50, not '3s'", "compare", "--rtt", "3s")]
    [InlineData("--url must be an absolute http or https URL, not 'ftp://x/'", "compare", "--url", "ftp://x/")]
    [InlineData(
        "--url must be an absolute http or https URL, not 'example.com'; did you mean http://example.com/?",
        "compare", "--url", "example.com")]
    [InlineData("--tls is for the embedded server; with --url, give an https URL", "compare", "--url", "http://x/", "--tls")]
    public void Wrong_arguments_are_named_in_one_line(string error, params string[] arguments)
    {
        ParseResult parsed = CommandLine.Parse(arguments);
        Assert.IsType<ParseErrorAction>(parsed.Action, exactMatch: false);
        Assert.Equal(error, CommandLine.ErrorOf(parsed));
    }

    [Theory]
    [InlineData("compare")]
    [InlineData("compare", "--tls")]
    [InlineData("compare", "-n", "5")]
    [InlineData("warmwire", "--help")]
    [InlineData("warmwire", "-h")]
    [InlineData("warmwire", "--version")]
    public void Without_a_command_it_is_compare(string command, params string[] arguments)
    {
        ParseResult parsed = CommandLine.Parse(arguments);
        Assert.Equal((command, 0), (parsed.CommandResult.Command.Name, parsed.Errors.Count));
    }

    private static async Task<CompareSettings> ReadAsync(params string[] arguments)
    {
        CompareSettings? read = null;
        Command command = CompareArguments.Command((settings, _) =>
        {
            read = settings;
            return Task.FromResult(ExitCodes.Success);
        });
        Assert.Equal(ExitCodes.Success, await command.Parse(arguments).InvokeAsync());
        return read!;
    }
}
