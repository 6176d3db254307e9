using Warmwire.Cli.Quick.Load;

namespace Warmwire.Cli.Rendering;

/// <summary>Shows a load test while it runs.</summary>
internal interface IQuickView
{
    /// <summary>Has to be told of the seconds of the run; <see langword="null"/> if the figures are enough.</summary>
    ISecondObserver? Observer => null;

    /// <summary>Shows what <paramref name="look"/> tells until <paramref name="work"/> ends.</summary>
    Task RunAsync(Func<QuickProgress> look, Task work);
}

/// <summary>Which view fits where the output goes.</summary>
internal static class QuickViews
{
    /// <summary>A screen that is kept up to date on a terminal, a line every ten seconds elsewhere.</summary>
    public static IQuickView For(Terminal terminal, bool quiet, TimeProvider time) => quiet
        ? new NoQuickView()
        : terminal.Output.Profile.Capabilities is { Interactive: true, Ansi: true }
            ? new LiveView(terminal.Output, time)
            : new QuickLines(terminal.StandardOutput, time);

    private sealed class NoQuickView : IQuickView
    {
        public Task RunAsync(Func<QuickProgress> look, Task work) => work;
    }
}
