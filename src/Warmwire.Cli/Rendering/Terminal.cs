using System.Globalization;
using Spectre.Console;

namespace Warmwire.Cli.Rendering;

/// <summary>Where the program writes.</summary>
/// <param name="StandardOutput">Results.</param>
/// <param name="StandardError">Everything else.</param>
/// <param name="Output">Standard output as text with colours, where it can show them (NO_COLOR turns them off).</param>
/// <param name="Error">The same for standard error.</param>
internal sealed record Terminal(TextWriter StandardOutput, TextWriter StandardError, IAnsiConsole Output, IAnsiConsole Error)
{
    /// <summary>The width of output that goes to a file or a pipe.</summary>
    public const int UsualWidth = 120;

    /// <summary>The same with everything on standard error, for when standard output is taken.</summary>
    public Terminal OnStandardError() => this with { StandardOutput = StandardError, Output = Error };

    public static Terminal Open() => new(
        Console.Out,
        Console.Error,
        Open(Console.Out, Console.IsOutputRedirected),
        Open(Console.Error, Console.IsErrorRedirected));

    private static IAnsiConsole Open(TextWriter writer, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = int.TryParse(
                Environment.GetEnvironmentVariable("COLUMNS"), CultureInfo.InvariantCulture, out int columns)
                && columns > 0
                ? columns
                : UsualWidth;
        }

        return console;
    }
}
