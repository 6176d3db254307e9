using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>Where there is more to know.</summary>
internal static class Closing
{
    public static void Write(Markup markup, QuickResult result) => markup
        .Open("footer")
        .Open("p")
        .Text($"The run took {Figures.Duration(result.ElapsedSeconds)}, until its last request ended. ")
        .Element("code", "--output FILE")
        .Text(" writes the same figures as JSON, with all histograms.")
        .Text(result.Tool is { } tool ? $" Written by {tool.Name} {Figures.Shorten(tool.Version, 40)}." : "")
        .Close()
        .Close();
}
