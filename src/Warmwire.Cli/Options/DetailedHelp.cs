using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Warmwire.Cli.Rendering;

namespace Warmwire.Cli.Options;

/// <summary>The usual help, then the command's <see cref="DetailedCommand.Details"/>.</summary>
internal sealed class DetailedHelp : SynchronousCommandLineAction
{
    private readonly HelpAction _usual = new();

    public override int Invoke(ParseResult parseResult)
    {
        int code = _usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is DetailedCommand command)
        {
            int columns = Console.IsOutputRedirected ? int.MaxValue : Math.Max(Console.WindowWidth, 20);
            parseResult.InvocationConfiguration.Output.WriteLine(WordWrap.Lines(command.Details, columns));
        }

        return code;
    }
}
