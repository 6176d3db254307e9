using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Experiment;
using Warmwire.Cli.Measuring;
using Warmwire.Cli.Options;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Processes;
using Warmwire.Cli.Quick;
using Warmwire.Cli.Quick.Differences;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Rendering;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli;

/// <summary>The commands, and the one line in which an error is reported.</summary>
internal static class CommandLine
{
    private const string DefaultCommand = "compare";

    /// <summary>"@FILE" is a payload, not a file with more arguments.</summary>
    internal static ParserConfiguration Parsing { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>Time after Ctrl-C to print the summary of what ran.</summary>
    private static readonly TimeSpan s_timeToEnd = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        ParseResult parsed = Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            await Console.Error.WriteLineAsync($"warmwire: {ErrorOf(parsed)}");
            return ExitCodes.Usage;
        }

        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = s_timeToEnd };
        if (parsed.CommandResult.Command.Hidden)
        {
            // A child process leaves signals to the process that started it; see ParentLink.
            configuration.ProcessTerminationTimeout = null;
        }
        else
        {
            StandardOutputStream.Use();
            configuration.Output = Console.Out;
        }

        try
        {
            return await parsed.InvokeAsync(configuration);
        }
        catch (CommandFailure failure)
        {
            await Console.Error.WriteLineAsync($"warmwire: {failure.Message}");
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
    }

    /// <summary>Without a command, options are those of the default command.</summary>
    public static ParseResult Parse(IReadOnlyList<string> arguments)
    {
        Command root = Root();
        bool isDefault = arguments.Count == 0 || (arguments[0].StartsWith('-') && !IsOptionOf(root, arguments[0]));
        return root.Parse(ResponseOptions.WithNumbers(isDefault ? [DefaultCommand, .. arguments] : arguments), Parsing);
    }

    /// <summary>The first error, in one line.</summary>
    public static string ErrorOf(ParseResult parsed) => parsed switch
    {
        { CommandResult.Parent: null, UnmatchedTokens: [var unknown, ..] } => $"there is no command '{unknown}'; see warmwire --help",
        { CommandResult.Parent: null } => "give a command; see warmwire --help",
        _ when parsed.CommandResult.Tokens.FirstOrDefault(static token => token.Value.StartsWith('-')) is { } option =>
            Unknown(parsed, option.Value),
        { UnmatchedTokens: [var unknown, ..] } => Unknown(parsed, unknown),
        _ when Missing(parsed) is { } argument =>
            $"{NameOf(parsed)} needs a {argument.HelpName ?? argument.Name}; see warmwire {NameOf(parsed)} --help",
        _ => parsed.Errors[0].Message.ReplaceLineEndings(" "),
    };

    private static bool IsOptionOf(Command root, string argument) =>
        root.Options.Any(option => option.Name == argument || option.Aliases.Contains(argument));

    private static Argument? Missing(ParseResult parsed) => parsed.CommandResult.Command.Arguments.FirstOrDefault(argument =>
        argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is not { Tokens.Count: > 0 });

    /// <summary>An option that does not exist may have been parsed as an argument.</summary>
    private static string Unknown(ParseResult parsed, string what) =>
        $"{NameOf(parsed)} has no {(what.StartsWith('-') ? "option" : "argument")} '{what}'; see warmwire {NameOf(parsed)} --help";

    /// <summary>With the commands above it, but for the program.</summary>
    private static string NameOf(ParseResult parsed)
    {
        string name = parsed.CommandResult.Command.Name;
        for (SymbolResult? above = parsed.CommandResult.Parent; above is CommandResult { Parent: not null } command; above = above.Parent)
        {
            name = $"{command.Command.Name} {name}";
        }

        return name;
    }

    private static Command Root() => new(
        "warmwire",
        "Shows how well a program reuses its HTTP connections, and what it costs when it does not. The default command is compare. "
            + "Exit codes: 0 success, 1 a condition of --ensure failed, 2 wrong arguments or no result, 130 Ctrl-C.")
    {
        CompareArguments.Command(
            static (settings, cancellationToken) => new CompareCommand(settings, Terminal.Open()).RunAsync(cancellationToken)),
        QuickArguments.Command(static (parsed, cancellationToken) =>
            new QuickCommand(parsed.Settings, parsed.Outputs, parsed.Live, parsed.Watch, Terminal.Open(), TimeProvider.System)
                .RunAsync(cancellationToken)),
        MergeArguments.Command(static (settings, cancellationToken) =>
            new MergeCommand(settings, Terminal.Open()).RunAsync(cancellationToken)),
        DiffArguments.Command(static (settings, cancellationToken) => new DiffCommand(settings, Console.Out).RunAsync(cancellationToken)),
        ImportArguments.Command(Console.In, Console.Out),
        ExperimentArguments.Command(static (settings, cancellationToken) =>
            new ExperimentCommand(settings, Terminal.Open(), TimeProvider.System).RunAsync(cancellationToken)),
        Hidden(FunctionCommand.Name, FunctionCommand.RunAsync),
        Hidden(ServeCommand.Name, ServeCommand.RunAsync),
        Hidden(RelayCommand.Name, RelayCommand.RunAsync),
        Row(),
        new HelpOption { Action = new DetailedHelp() },
        new VersionOption(),
    };

    private static Command Row()
    {
        var name = new Argument<string>("name");
        var command = new Command(RowCommand.Name) { Hidden = true };
        command.Arguments.Add(name);
        command.SetAction((parsed, _) => WithParentAsync(parent => RowCommand.RunAsync(parsed.GetRequiredValue(name), parent)));
        return command;
    }

    private static Command Hidden(string name, Func<ParentLink, Task<int>> run)
    {
        var command = new Command(name) { Hidden = true };
        command.SetAction((_, _) => WithParentAsync(run));
        return command;
    }

    private static async Task<int> WithParentAsync(Func<ParentLink, Task<int>> run)
    {
        using var parent = new ParentLink(Console.In, Console.Out);
        return await run(parent);
    }
}
