using Spectre.Console;
using Warmwire.Cli.Rendering;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>How a summary looks: as lines for other programs, or on a terminal, which has a width and perhaps colours.</summary>
/// <param name="Columns">The terminal's width; <see langword="null"/> if lines may be of any length.</param>
/// <param name="HasColors">Whether it shows colours.</param>
internal sealed record SummaryStyle(int? Columns, bool HasColors)
{
    public static SummaryStyle Plain { get; } = new(null, false);

    public static SummaryStyle Of(Terminal terminal) => terminal.Output.Profile is { Capabilities.Ansi: true } profile
        ? new SummaryStyle(Math.Max(profile.Width, 20), profile.Capabilities.ColorSystem != ColorSystem.NoColors)
        : Plain;

    /// <summary>A sentence, broken between words.</summary>
    public string Sentence(string text, bool isBad = false)
    {
        string lines = Columns is { } columns ? WordWrap.Lines(text, columns) : text;
        return isBad && HasColors ? $"\e[31m{lines}\e[39m" : lines;
    }
}
