using System.Text;

namespace Warmwire.Cli.Rendering.Charts;

/// <summary>The characters that charts in text are made of.</summary>
internal sealed class Glyphs
{
    private readonly string _steps;
    private readonly string _levels;

    private Glyphs(string steps, string levels, string shades, char unfilled, char dash, char cut)
    {
        (_steps, _levels, Shades, Unfilled, Dash, Cut) = (steps, levels, shades, unfilled, dash, cut);
    }

    /// <summary>Block characters of Unicode.</summary>
    public static Glyphs Blocks { get; } = new("▏▎▍▌▋▊▉█", "▁▂▃▄▅▆▇█", " ░▒▓█", '░', '–', '…');

    /// <summary>Characters that every terminal and every encoding has.</summary>
    public static Glyphs Ascii { get; } = new("#", "_.:-=+*#", " .:+#", '.', '-', '>');

    /// <summary>From nothing to most.</summary>
    public string Shades { get; }

    /// <summary>The part of a bar that is not filled.</summary>
    public char Unfilled { get; }

    /// <summary>Where there is nothing to tell.</summary>
    public char Dash { get; }

    /// <summary>Where a line does not fit.</summary>
    public char Cut { get; }

    /// <summary>
    /// Blocks where they can be written and are wanted: not in an encoding without them, on a dumb terminal, or with <c>NO_COLOR</c>, which
    /// asks for plain text.
    /// </summary>
    /// <param name="encoding">Of the output.</param>
    /// <param name="variable">Reads an environment variable.</param>
    public static Glyphs For(Encoding encoding, Func<string, string?> variable)
    {
        // By number, as the console wraps its encoding.
        bool isUnicode = encoding.CodePage is 65001 or 1200 or 1201 or 12000 or 12001;
        bool isPlain = variable("NO_COLOR") is { Length: > 0 } || variable("TERM") == "dumb";
        return isUnicode && !isPlain ? Blocks : Ascii;
    }

    public static Glyphs For(Encoding encoding) => For(encoding, Environment.GetEnvironmentVariable);

    /// <summary>A text with letters that can be written.</summary>
    public string Plain(string text) => this == Ascii ? text.Replace('µ', 'u') : text;

    /// <summary>A bar that is <paramref name="part"/> of <paramref name="width"/> columns long; what is more than 0 is seen.</summary>
    public string Bar(double part, int width)
    {
        double length = Math.Clamp(part, 0, 1) * width;
        int steps = (int)Math.Round(length * _steps.Length);
        steps = part > 0 ? Math.Max(steps, 1) : 0;
        int rest = steps % _steps.Length;
        return new string(_steps[^1], steps / _steps.Length) + (rest == 0 ? "" : _steps[rest - 1].ToString());
    }

    /// <summary>The shade of a part from 0 to 1; only 0 is blank.</summary>
    public char Shade(double part) => Of(Shades[1..], Shades[0], part);

    /// <summary>The level of a part from 0 to 1, as sparklines have it; only 0 is blank.</summary>
    public char Level(double part) => Of(_levels, ' ', part);

    private static char Of(string glyphs, char blank, double part) =>
        part > 0 ? glyphs[Math.Clamp((int)Math.Ceiling(part * glyphs.Length) - 1, 0, glyphs.Length - 1)] : blank;
}
