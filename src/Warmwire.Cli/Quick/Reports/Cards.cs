namespace Warmwire.Cli.Quick.Reports;

/// <summary>The boxes that sections are made of.</summary>
internal static class Cards
{
    /// <summary>A chart under its heading, with its essentials in words below.</summary>
    public static void Chart(Markup markup, string heading, Plot plot)
    {
        markup.Open("figure", ("class", "card")).Element("h3", heading);
        PlotDrawing.Draw(markup, plot);
        markup.Element("figcaption", plot.Description).Close();
    }

    public static void Card(Markup markup, string heading, Action content)
    {
        markup.Open("div", ("class", "card")).Element("h3", heading);
        content();
        markup.Close();
    }

    /// <summary>A sentence in place of a table or a chart.</summary>
    public static void Sentence(Markup markup, string heading, string sentence) => Card(markup, heading, () => Note(markup, sentence));

    public static void Note(Markup markup, string sentence) => markup.Element("p", sentence, ("class", "note"));
}
