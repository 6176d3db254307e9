using System.CommandLine;
using System.CommandLine.Invocation;
using Warmwire.Cli.Options;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick;

/// <summary>A run as its command line says, in this process.</summary>
internal static class ParsedRun
{
    public static async Task<QuickArguments.Parsed> ParseAsync(params string[] arguments)
    {
        QuickArguments.Parsed? read = null;
        Command command = QuickArguments.Command((parsed, _) =>
        {
            read = parsed;
            return Task.FromResult(ExitCodes.Success);
        });
        ParseResult result = command.Parse(ResponseOptions.WithNumbers(arguments), CommandLine.Parsing);
        Assert.Empty(result.Errors);
        await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        return read!;
    }

    public static async Task<QuickResult> RunAsync(params string[] arguments)
    {
        using var run = new QuickRun((await ParseAsync(arguments)).Settings, TimeProvider.System);
        return await run.RunAsync(TestContext.Current.CancellationToken);
    }
}
