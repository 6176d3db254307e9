using System.Globalization;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>Tables that stay readable without any style: headings are headings, and numbers are on the right by attribute.</summary>
internal static class Tables
{
    /// <summary>What comes from outside may have any number of kinds.</summary>
    public const int MostBars = 12;

    /// <summary>With more, a narrow screen scrolls sideways whatever is done, so that the names of the rows may have their room.</summary>
    private const int ManyColumns = 4;

    /// <summary>The first column names the row; the others are numbers, of which the last may be a <paramref name="lastIsText"/>.</summary>
    public static void Write(
        Markup markup,
        string label,
        IReadOnlyList<string> heads,
        IEnumerable<IReadOnlyList<string>> rows,
        bool lastIsText = false)
    {
        Start(markup, label, heads.Count > ManyColumns);
        markup.Open("thead").Open("tr");
        for (int i = 0; i < heads.Count; i++)
        {
            bool isNumber = i > 0 && !(lastIsText && i == heads.Count - 1);
            markup.Element("th", heads[i], ("scope", "col"), ("align", isNumber ? "right" : "left"), ("class", isNumber ? "number" : null));
        }

        markup.Close().Close().Open("tbody");
        foreach (IReadOnlyList<string> row in rows)
        {
            markup.Open("tr").Element("th", row[0], ("scope", "row"), ("align", "left"));
            for (int i = 1; i < row.Count; i++)
            {
                bool isText = lastIsText && i == row.Count - 1;
                markup.Element("td", row[i], ("align", isText ? "left" : "right"), ("class", isText ? "message" : "number"));
            }

            markup.Close();
        }

        End(markup.Close());
    }

    /// <summary>Counts, with their share of all as a bar and as a number.</summary>
    public static void Bars(
        Markup markup,
        string label,
        string nameHead,
        string countHead,
        IReadOnlyList<(string Name, double Count)> rows,
        Ink ink)
    {
        double total = rows.Sum(row => row.Count);
        if (rows.Count > MostBars)
        {
            string others = $"{Figures.Count(rows.Count - MostBars + 1)} others";
            rows = [.. rows.Take(MostBars - 1), (others, rows.Skip(MostBars - 1).Sum(row => row.Count))];
        }

        Start(markup, label);
        markup.Open("thead").Open("tr")
            .Element("th", nameHead, ("scope", "col"), ("align", "left"))
            .Element("th", "", ("class", "bar"))
            .Element("th", countHead, ("scope", "col"), ("align", "right"), ("class", "number"))
            .Element("th", "Share", ("scope", "col"), ("align", "right"), ("class", "number"))
            .Close().Close().Open("tbody");
        double largest = rows.Max(row => row.Count);
        foreach ((string name, double count) in rows)
        {
            string share = Figures.Percent(total > 0 ? count / total : 0);
            markup.Open("tr").Element("th", Figures.Shorten(name, 200), ("scope", "row"), ("align", "left")).Open("td", ("class", "bar"));
            Bar(markup, share, largest > 0 ? count / largest : 0, ink);
            markup.Close()
                .Element("td", Figures.Count(count), ("align", "right"), ("class", "number"))
                .Element("td", share, ("align", "right"), ("class", "number"))
                .Close();
        }

        End(markup.Close());
    }

    public static void Start(Markup markup, string label, bool isWide = false) => markup
        .Open("div", ("class", "scroll"), ("role", "region"), ("aria-label", label), ("tabindex", "0"))
        .Open("table", ("class", isWide ? "many" : null), ("cellpadding", "4"), ("cellspacing", "0"));

    public static void End(Markup markup) => markup.Close().Close();

    private static void Bar(Markup markup, string share, double length, Ink ink)
    {
        string width = Math.Max(100 * length, length > 0 ? 0.8 : 0).ToString("0.#", CultureInfo.InvariantCulture);
        markup.Open(
            "svg",
            ("viewBox", "0 0 100 10"),
            ("preserveAspectRatio", "none"),
            ("width", "120"),
            ("height", "10"),
            ("role", "img"),
            ("aria-label", share))
            .Element("title", share)
            .Empty("rect", ("class", "track"), ("width", "100"), ("height", "10"), ("fill", "#e1e5ea"))
            .Empty("rect", ("class", $"fill-{ink.Name}"), ("width", width), ("height", "10"), ("fill", ink.Light))
            .Close();
    }
}
