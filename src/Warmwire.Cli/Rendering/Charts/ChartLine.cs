using Spectre.Console;
using Spectre.Console.Rendering;

namespace Warmwire.Cli.Rendering.Charts;

/// <summary>A line of text in several styles, which ends where the screen does.</summary>
internal sealed class ChartLine
{
    private readonly List<Segment> _segments = [];

    /// <summary>The name at a line's beginning, and what is told beside the figures.</summary>
    public static Style Dim { get; } = new(decoration: Decoration.Dim);

    public static Style Good { get; } = new(Color.Green);

    public static Style Bad { get; } = new(Color.Red);

    /// <summary>The columns that the name of a line takes.</summary>
    public const int NameWidth = 13;

    public int Width { get; private set; }

    public static ChartLine Named(string name) => new ChartLine().Add(name.PadRight(NameWidth), Dim);

    public ChartLine Add(string text, Style? style = null)
    {
        _segments.Add(new Segment(text, style ?? Style.Plain));
        Width += text.Length;
        return this;
    }

    /// <summary>The segments of the first <paramref name="width"/> columns; a line that is cut ends with a mark of that.</summary>
    public IEnumerable<Segment> Fit(int width, char cut)
    {
        int left = Width <= width ? width : Math.Max(width - 1, 0);
        foreach (Segment segment in _segments)
        {
            if (segment.Text.Length > left)
            {
                yield return new Segment(segment.Text[..left] + cut, segment.Style);
                yield break;
            }

            left -= segment.Text.Length;
            yield return segment;
        }
    }
}
