using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Experiment;
using Warmwire.Cli.Measuring;
using Warmwire.Cli.Processes;
using Warmwire.Cli.Quick;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Rendering;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli;

/// <summary>Commands, options and how their errors are told. What a command does is elsewhere.</summary>
internal static class CommandLine
{
    /// <summary>"@FILE" is a payload's, and not more arguments.</summary>
    internal static ParserConfiguration Parsing { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>After Ctrl-C: a summary of what ran is still made.</summary>
    private static readonly TimeSpan s_timeToEnd = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        ParseResult parsed = Parse(arguments.Count == 0 ? ["compare"] : arguments);
        if (parsed.Action is ParseErrorAction)
        {
            await Console.Error.WriteLineAsync($"warmwire: {ErrorOf(parsed)}");
            return ExitCodes.Usage;
        }

        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = s_timeToEnd };
        if (parsed.CommandResult.Command.Hidden)
        {
            // A part of a comparison leaves signals to the process that started it; see ParentLink.
            configuration.ProcessTerminationTimeout = null;
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

    public static ParseResult Parse(IReadOnlyList<string> arguments) => Root().Parse(arguments, Parsing);

    /// <summary>The first error, in one line.</summary>
    public static string ErrorOf(ParseResult parsed) => parsed switch
    {
        { CommandResult.Parent: null, UnmatchedTokens: [var unknown, ..] } => $"there is no command '{unknown}'; see warmwire --help",
        { CommandResult.Parent: null } => "which command? See warmwire --help",
        _ when parsed.CommandResult.Tokens.FirstOrDefault(static token => token.Value.StartsWith('-')) is { } option => Unknown(parsed, option.Value),
        { UnmatchedTokens: [var unknown, ..] } => Unknown(parsed, unknown),
        _ when Missing(parsed) is { } argument => $"{parsed.CommandResult.Command.Name} needs {argument.HelpName ?? argument.Name}; see warmwire {parsed.CommandResult.Command.Name} --help",
        _ => parsed.Errors[0].Message.ReplaceLineEndings(" "),
    };

    private static Argument? Missing(ParseResult parsed) =>
        parsed.CommandResult.Command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is not { Tokens.Count: > 0 });

    /// <summary>An option that does not exist may have been taken for an argument.</summary>
    private static string Unknown(ParseResult parsed, string what) => $"{parsed.CommandResult.Command.Name} does not know '{what}'; see warmwire {parsed.CommandResult.Command.Name} --help";

    private static Command Root() => new("warmwire", "Shows how well a program reuses its HTTP connections, and what it costs if it does not. Without a command: compare.")
    {
        CompareArguments.Command((options, cancellationToken) => new CompareCommand(options, Terminal.Open()).RunAsync(cancellationToken)),
        QuickArguments.Command((parsed, cancellationToken) => JudgingAsync(new QuickCommand(parsed.Settings, parsed.Outputs, parsed.Pid, Terminal.Open(), TimeProvider.System).RunAsync(cancellationToken))),
        MergeArguments.Command((settings, cancellationToken) => JudgingAsync(new MergeCommand(settings, Console.Out, Console.Error).RunAsync(cancellationToken))),
        ExperimentArguments.Command((settings, cancellationToken) => new ExperimentCommand(settings, Terminal.Open(), TimeProvider.System).RunAsync(cancellationToken)),
        Hidden(FunctionCommand.Name, FunctionCommand.RunAsync),
        Hidden(ServeCommand.Name, ServeCommand.RunAsync),
        Hidden(RelayCommand.Name, RelayCommand.RunAsync),
        Row(),
        new HelpOption { Action = new DetailedHelp() },
        new VersionOption(),
    };

    /// <summary>Where 1 says that a condition was missed, what could not be judged is 2.</summary>
    private static async Task<int> JudgingAsync(Task<int> run)
    {
        try
        {
            return await run;
        }
        catch (CommandFailure failure) when (failure.ExitCode == ExitCodes.Failed)
        {
            throw new CommandFailure(failure.Message, failure, ExitCodes.CouldNotRun);
        }
    }

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
