using Spectre.Console;
using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Rendering;

/// <summary>Progress for a person at a terminal: a bar per row, which makes way for the table at the end.</summary>
internal sealed class ProgressBars : IProgressView
{
    private readonly IAnsiConsole _console;

    public ProgressBars(IAnsiConsole console) => _console = console;

    public Task RunAsync(IReadOnlyList<string> rows, Func<IRowProgress, Task> work) => _console.Progress()
        .AutoClear(true)
        .Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left },
            new ProgressBarColumn { Width = 30 },
            new PercentageColumn(),
            new SpinnerColumn())
        .StartAsync(context => work(new Bars(rows, context)));

    private sealed class Bars : IRowProgress
    {
        private readonly Dictionary<string, ProgressTask> _tasks;

        public Bars(IReadOnlyList<string> rows, ProgressContext context) =>
            _tasks = rows.ToDictionary(static row => row, row => context.AddTask(row, autoStart: false), StringComparer.Ordinal);

        public void Started(string row, int requests)
        {
            _tasks[row].MaxValue = requests;
            _tasks[row].IsIndeterminate = true;
            _tasks[row].StartTask();
        }

        public void Advanced(string row, int requestsDone)
        {
            _tasks[row].IsIndeterminate = false;
            _tasks[row].Value = requestsDone;
        }

        public void Ended(string row, RowMeasurement measured)
        {
            _tasks[row].IsIndeterminate = false;
            _tasks[row].Value = _tasks[row].MaxValue;
            _tasks[row].StopTask();
        }
    }
}
