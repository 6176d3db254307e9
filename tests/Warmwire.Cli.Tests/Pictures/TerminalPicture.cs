using System.Globalization;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;
using Markup = Warmwire.Cli.Quick.Reports.Markup;

namespace Warmwire.Cli.Tests.Pictures;

/// <summary>
/// What a terminal shows as SVG. Block characters are rectangles, so that they touch whatever font there is; all else is text.
/// </summary>
internal static class TerminalPicture
{
    private const string Levels = "▁▂▃▄▅▆▇█";
    private const string Shades = "░▒▓";
    private const string Steps = "▏▎▍▌▋▊▉";
    private const double CellWidth = 8.4;
    private const int CellHeight = 18;
    private const int Margin = 14;
    private const string Ground = "#14181d";
    private const string Ink = "#d8dee6";
    private const string DimInk = "#8b96a3";

    public static string Draw(string title, IReadOnlyList<List<Segment>> lines, int columns)
    {
        var svg = new StringBuilder();
        string width = Text((columns * CellWidth) + (2 * Margin));
        int height = (lines.Count * CellHeight) + (2 * Margin);
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" ")
            .Append(CultureInfo.InvariantCulture, $"width=\"{width}\" height=\"{height}\" role=\"img\" font-size=\"14\" ")
            .Append("font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\">\n")
            .Append($"<title>{Markup.Escape(title)}</title>\n")
            .Append($"<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{Ground}\"/>\n");
        for (int line = 0; line < lines.Count; line++)
        {
            int column = 0;
            foreach (Segment segment in lines[line])
            {
                column = Write(svg, segment, column, line);
            }
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static int Write(StringBuilder svg, Segment segment, int column, int line)
    {
        string ink = segment.Style.Foreground != Color.Default ? "#" + segment.Style.Foreground.ToHex().ToLowerInvariant()
            : segment.Style.Decoration.HasFlag(Decoration.Dim) ? DimInk : Ink;
        string text = segment.Text;
        for (int from = 0; from < text.Length;)
        {
            bool isBlock = IsBlock(text[from]);
            int end = from + 1;
            while (end < text.Length && (isBlock ? text[end] == text[from] : !IsBlock(text[end])))
            {
                end++;
            }

            if (isBlock)
            {
                Block(svg, text[from], column + from, end - from, line, ink);
            }
            else
            {
                Letters(svg, text[from..end], column + from, line, ink);
            }

            from = end;
        }

        return column + text.Length;
    }

    private static bool IsBlock(char letter) => (Levels + Shades + Steps).Contains(letter, StringComparison.Ordinal);

    private static void Block(StringBuilder svg, char block, int column, int count, int line, string ink)
    {
        double part = Levels.Contains(block, StringComparison.Ordinal) ? (Levels.IndexOf(block, StringComparison.Ordinal) + 1) / 8.0 : 1;
        double wide = Steps.Contains(block, StringComparison.Ordinal) ? (Steps.IndexOf(block, StringComparison.Ordinal) + 1) / 8.0 : count;
        string opacity = Shades.Contains(block, StringComparison.Ordinal)
            ? $" opacity=\"{Text(0.25 + (0.25 * Shades.IndexOf(block, StringComparison.Ordinal)))}\""
            : "";
        double high = part * CellHeight;
        svg.Append($"<rect x=\"{X(column)}\" y=\"{Text(Margin + ((line + 1) * CellHeight) - high)}\" width=\"{Text(wide * CellWidth)}\" ")
            .Append($"height=\"{Text(high)}\" fill=\"{ink}\"{opacity}/>\n");
    }

    private static void Letters(StringBuilder svg, string text, int column, int line, string ink)
    {
        string letters = text.TrimEnd();
        int spaces = letters.Length - letters.TrimStart().Length;
        letters = letters.TrimStart();
        if (letters.Length > 0)
        {
            svg.Append($"<text x=\"{X(column + spaces)}\" y=\"{Text(Margin + (line * CellHeight) + 13)}\" fill=\"{ink}\" ")
                .Append($"textLength=\"{Text(letters.Length * CellWidth)}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">")
                .Append(Markup.Escape(letters)).Append("</text>\n");
        }
    }

    private static string X(int column) => Text(Margin + (column * CellWidth));

    private static string Text(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}
