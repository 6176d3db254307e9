using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>Where there is more to know.</summary>
internal static class Closing
{
    public static void Write(Markup markup, QuickResult result) => markup
        .Open("footer")
        .Open("p")
        .Text($"The run took {Figures.Duration(result.ElapsedSeconds)}, to the end of its last request. With ")
        .Element("code", "--output FILE")
        .Text(" the same figures are kept as JSON, with the whole histograms.")
        .Close()
        .Close();
}
