using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>Stands before all figures of a merged result that is not the whole run.</summary>
internal static class MissingWarning
{
    public static void Write(Markup markup, QuickResult result)
    {
        if (result.MissingShards.Count == 0)
        {
            return;
        }

        markup.Open("section", ("class", "warning"), ("role", "note"))
            .Element("h2", "⚠ Warning: a part of the run is missing")
            .Element("p", Figures.Shorten($"Not in these figures: {ShardText.Of(result.MissingShards)}.", 1000))
            .Close();
    }
}
