using Spectre.Console;
using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Rendering;

/// <summary>Progress for logs and pipes: one short line when a row has been measured.</summary>
internal sealed class ProgressLines : IProgressView, IRowProgress
{
    private readonly IAnsiConsole _console;

    public ProgressLines(IAnsiConsole console) => _console = console;

    public Task RunAsync(IReadOnlyList<string> rows, Func<IRowProgress, Task> work) => work(this);

    public void Started(string row, int requests)
    {
    }

    public void Advanced(string row, int requestsDone)
    {
    }

    public void Ended(string row, RowMeasurement measured) =>
        _console.WriteLine($"{row}: {measured.Requests} requests in {measured.ElapsedSeconds:0.00} s");
}
