using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>
/// A result as one HTML file that needs nothing else: no script, no font, no picture, no address to fetch from. It is to be read in a
/// browser, on paper, and in mail programs that drop its style or its charts.
/// </summary>
internal static class HtmlReport
{
    /// <summary>Even if something hostile came through, it could neither run nor call home.</summary>
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'";

    public static void Write(TextWriter writer, QuickResult result)
    {
        var markup = new Markup(writer);
        markup.Unescaped("<!DOCTYPE html>\n").Open("html", ("lang", "en")).Open("head");
        markup.Empty("meta", ("charset", "utf-8"));
        markup.Empty("meta", ("http-equiv", "Content-Security-Policy"), ("content", Policy));
        markup.Empty("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        markup.Empty("meta", ("name", "color-scheme"), ("content", "light dark"));
        markup.Empty("meta", ("name", "referrer"), ("content", "no-referrer"));
        markup.Element("title", $"{Headline.Target(result.Target)} – warmwire quick");
        markup.Open("style").Unescaped(Style.Text).Close().Close();

        markup.Open("body").Open("main");
        Headline.Write(markup, result);
        MissingWarning.Write(markup, result);
        LimitedWarning.Write(markup, result);
        VerdictSection.Write(markup, result);
        KeyFigures.Write(markup, result);
        LatencySection.Write(markup, result);
        TimeSection.Write(markup, result);
        ResponsesSection.Write(markup, result);
        ConnectionsSection.Write(markup, result);
        PhasesSection.Write(markup, result);
        ProcessSection.Write(markup, result);
        GeneratorSection.Write(markup, result);
        Closing.Write(markup, result);
        markup.Close().Close().Close();
    }
}
