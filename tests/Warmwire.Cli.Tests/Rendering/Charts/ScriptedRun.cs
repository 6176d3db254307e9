using Spectre.Console;
using Spectre.Console.Rendering;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Rendering.Charts;

namespace Warmwire.Cli.Tests.Rendering.Charts;

/// <summary>
/// A run of five minutes at its middle: latencies around 3 ms, a stall at 100 s that opens connections, errors at 110 s, a rise from 120 s
/// on.
/// </summary>
internal static class ScriptedRun
{
    public static QuickProgress HalfWay { get; } = new(
        DurationSeconds: 300, ElapsedSeconds: 150, Arrivals: 9000, TargetRate: 30, new RunLook(
            Arrivals: 4500, Dropped: 0, Requests: 4500, Responses: 4475, Failed: 22, P50: 2_340_000, P99: 417_800_000, Max: 2_203_000_000),
        Open: 41, Opened: 72, PeakOpen: 61, ReuseRatio: 0.98411)
    {
        ClosedBy = new Dictionary<string, long>(StringComparer.Ordinal) { ["IdleTimeout"] = 9, ["ServerClosed"] = 22 },
        Errors = new Dictionary<string, long>(StringComparer.Ordinal) { ["Timeout.ResponseHeaders"] = 22 },
    };

    public static LiveHistory History(int seconds)
    {
        var history = new LiveHistory();
        var random = new Random(11);
        long open = 8;
        for (int second = 0; second < seconds; second++)
        {
            var interval = new LiveInterval();
            bool isStalled = second is 100 or 101;
            long opened = second == 0 ? 8 : isStalled ? 26 : second == 140 ? 12 : 0;
            open += second == 0 ? 0 : opened - (second is >= 110 and < 125 ? 1 : 0);
            interval.Begin(open);
            interval.Opened = opened;
            interval.Errors = second == 110 ? 22 : 0;
            double middle = second >= 120 ? 9e6 : 2.4e6;
            for (int i = 0; i < (isStalled ? 60 : 30); i++)
            {
                double factor = isStalled ? 10 + (700 * random.NextDouble()) : Math.Exp((random.NextDouble() * 1.6) - 0.6);
                interval.Latencies.Record((long)(middle * factor));
                interval.Responses++;
            }

            history.SecondEnded(second, interval);
        }

        return history;
    }

    /// <summary>The lines of a screen, without the spaces at their ends.</summary>
    public static string[] Draw(QuickProgress now, LiveHistory history, Glyphs glyphs, int width, int height) =>
    [
        .. Segments(now, history, glyphs, width, height)
            .Select(static line => string.Concat(line.Select(static segment => segment.Text)).TrimEnd()),
    ];

    public static List<List<Segment>> Segments(QuickProgress now, LiveHistory history, Glyphs glyphs, int width, int height)
    {
        using var writer = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes, ColorSystem = ColorSystemSupport.TrueColor, Out = new AnsiConsoleOutput(writer),
        });
        (console.Profile.Width, console.Profile.Height) = (width, height);
        IRenderable screen = new LiveScreen(now, history, glyphs);
        List<List<Segment>> lines = [[]];
        foreach (Segment segment in screen.Render(RenderOptions.Create(console, console.Profile.Capabilities), width))
        {
            if (segment.IsLineBreak)
            {
                lines.Add([]);
            }
            else
            {
                lines[^1].Add(segment);
            }
        }

        return lines;
    }
}
