using System.CommandLine;
using Warmwire.Cli.Importing;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Options;

/// <summary>The arguments of <c>import</c>, which prints what another tool's request amounts to.</summary>
internal static class ImportArguments
{
    public static Command Command(TextReader input, TextWriter output)
    {
        var curl = new Argument<string>("COMMAND") { Description = "curl's command line in quotes, or - for standard input." };
        var curlCommand = new Command("curl", "Prints the quick command line that sends the request of a curl command line.") { curl };
        curlCommand.SetAction(async (parsed, cancellationToken) =>
        {
            string text = parsed.GetRequiredValue(curl);
            text = text == "-" ? await input.ReadToEndAsync(cancellationToken) : text;
            await output.WriteLineAsync(CurlCommand.ToQuick(text));
            return ExitCodes.Success;
        });

        var har = new Argument<string>("FILE") { Description = "An HTTP archive, as browsers save it." };
        var harCommand = new Command("har", "Prints the scenario for quick --scenario that an HTTP archive amounts to.") { har };
        harCommand.SetAction(async (parsed, _) =>
        {
            await output.WriteAsync(HarScenario.Read(parsed.GetRequiredValue(har)));
            return ExitCodes.Success;
        });
        return new Command("import", "Prints the quick command line or scenario that a curl command line or an HTTP archive amounts to.")
        {
            curlCommand,
            harCommand,
        };
    }
}
