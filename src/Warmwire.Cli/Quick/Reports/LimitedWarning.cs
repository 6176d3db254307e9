using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Verdicts;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>Stands before all figures, because it says how far they can be believed.</summary>
internal static class LimitedWarning
{
    private const int MostReasons = 20;

    public static void Write(Markup markup, QuickResult result)
    {
        if (!result.GeneratorLimited)
        {
            return;
        }

        markup.Open("section", ("class", "warning"), ("role", "note"))
            .Element("h2", $"⚠ Warning: {GeneratorLimit.Subject(result).ToLowerInvariant()} was a limit")
            .Element("p", "This machine, not only the server, limited the load or affected the measurements.");
        if (result.GeneratorLimits.Count > 0)
        {
            markup.Open("ul");
            foreach (string limit in result.GeneratorLimits.Take(MostReasons))
            {
                markup.Element("li", Figures.Shorten(limit, 500));
            }

            markup.Close();
        }

        markup.Close();
    }
}
