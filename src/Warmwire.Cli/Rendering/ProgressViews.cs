namespace Warmwire.Cli.Rendering;

/// <summary>Which view fits where the output goes.</summary>
internal static class ProgressViews
{
    /// <summary>Moving bars on a terminal, short lines elsewhere.</summary>
    public static IProgressView For(Terminal terminal) =>
        terminal.Output.Profile.Capabilities is { Interactive: true, Ansi: true }
            ? new ProgressBars(terminal.Output)
            : new ProgressLines(terminal.Output);

    /// <summary>Nothing beside the JSON, except on standard error if a person reads it there.</summary>
    public static IProgressView BesideJson(Terminal terminal) =>
        terminal.Error.Profile.Capabilities is { Interactive: true, Ansi: true } ? new ProgressBars(terminal.Error) : new NoProgress();
}
