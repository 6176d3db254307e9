using System.Text;

namespace Warmwire.Cli.Rendering;

/// <summary>Text in lines of at most so many columns, broken between words; what a line is indented by, its continuation is too.</summary>
internal static class WordWrap
{
    public static string Lines(string text, int columns)
    {
        var wrapped = new StringBuilder(text.Length);
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            wrapped.Append(wrapped.Length > 0 ? "\n" : "");
            Append(wrapped, line, columns);
        }

        return wrapped.ToString();
    }

    private static void Append(StringBuilder wrapped, string line, int columns)
    {
        if (line.Length <= columns)
        {
            wrapped.Append(line);
            return;
        }

        string indent = line[..(line.Length - line.TrimStart().Length)];
        int used = 0;
        foreach (string word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (used > 0 && used + 1 + word.Length > columns)
            {
                wrapped.Append('\n');
                used = 0;
            }

            wrapped.Append(used == 0 ? indent : " ").Append(word);
            used += (used == 0 ? indent.Length : 1) + word.Length;
        }
    }
}
