using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Rendering;

/// <summary>For a person at a terminal: the figures so far, four times a second.</summary>
internal sealed class QuickTable : IQuickView
{
    private const int BarWidth = 40;
    private const int NameWidth = 11;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);
    private static readonly Style s_name = new(decoration: Decoration.Dim);
    private static readonly Style s_good = new(Color.Green);
    private static readonly Style s_bad = new(Color.Red);

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;

    public QuickTable(IAnsiConsole console, TimeProvider time)
    {
        _console = console;
        _time = time;
    }

    public async Task RunAsync(Func<QuickProgress> look, Task work)
    {
        await _console.Live(Draw(look())).AutoClear(true).StartAsync(async live =>
        {
            while (await Task.WhenAny(work, Task.Delay(s_interval, _time)) != work)
            {
                live.UpdateTarget(Draw(look()));
            }
        });
        await work;
    }

    internal static IRenderable Draw(QuickProgress now)
    {
        RunLook look = now.Look;
        Grid grid = new Grid().AddColumn(new GridColumn { NoWrap = true, Width = NameWidth }).AddColumn(new GridColumn());
        Row(grid, "time", Invariant($"{Bar(now)} {Math.Max(now.ElapsedSeconds, 0):0} of {now.DurationSeconds:0} s"));
        Row(
            grid,
            "arrivals",
            now.IsClosedLoop
                ? Invariant($"{look.Arrivals:N0}, {Rate(now):0.#} per second (closed loop, latencies uncorrected)")
                : Invariant($"{look.Arrivals:N0} of {now.Arrivals:N0}, {Rate(now):0.#} of {now.TargetRate:0.#} per second"),
            look.Dropped > 0 ? Invariant($", {look.Dropped:N0} dropped") : null);
        Row(
            grid,
            "responses",
            Invariant($"{look.Responses:N0}, {look.Requests - look.Responses - look.Failed:N0} in progress"),
            look.Failed > 0 ? Invariant($", {look.Failed:N0} {(look.Failed == 1 ? "error" : "errors")}") : null);
        Row(grid, "latency", Invariant($"p50 {look.P50 / 1e6:0.##} ms   p99 {look.P99 / 1e6:0.##} ms   max {look.Max / 1e6:0.##} ms"));
        grid.AddRow(
            new Text("connections", s_name),
            new Text(
                Invariant($"{now.Open:N0} open, at most {now.PeakOpen:N0}; {now.Opened:N0} opened, ")
                    + Invariant($"{Share.RoundedDown(now.ReuseRatio)} of requests reused one"),
                s_good));
        return grid;
    }

    private static void Row(Grid grid, string name, string value, string? trouble = null)
    {
        var text = new Paragraph(value, Style.Plain);
        if (trouble is not null)
        {
            text.Append(trouble, s_bad);
        }

        grid.AddRow(new Text(name, s_name), text);
    }

    private static string Bar(QuickProgress now)
    {
        double part = now.DurationSeconds > 0 ? now.ElapsedSeconds / now.DurationSeconds : (double)now.Look.Arrivals / now.Arrivals;
        int done = (int)Math.Clamp(part * BarWidth, 0, BarWidth);
        return new string('█', done) + new string('░', BarWidth - done);
    }

    private static double Rate(QuickProgress now) =>
        now.ElapsedSeconds <= 0 ? 0 : now.Look.Arrivals / (now.DurationSeconds > 0
            ? Math.Clamp(now.ElapsedSeconds, 1, Math.Max(now.DurationSeconds, 1))
            : now.ElapsedSeconds);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
