using Spectre.Console;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Rendering.Charts;

namespace Warmwire.Cli.Rendering;

/// <summary>For a person at a terminal: a screen of the run so far, drawn over the one before four times a second.</summary>
internal sealed class LiveView : IQuickView
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly LiveHistory _history = new();

    public LiveView(IAnsiConsole console, TimeProvider time)
    {
        _console = console;
        _time = time;
    }

    public ISecondObserver? Observer => _history;

    public async Task RunAsync(Func<QuickProgress> look, Task work)
    {
        var glyphs = Glyphs.For(_console.Profile.Out.Writer.Encoding);
        await _console.Live(Draw()).AutoClear(true).StartAsync(async live =>
        {
            while (await Task.WhenAny(work, Task.Delay(s_interval, _time)) != work)
            {
                live.UpdateTarget(Draw());
            }
        });
        await work;

        LiveScreen Draw() => new(look(), _history, glyphs);
    }
}
