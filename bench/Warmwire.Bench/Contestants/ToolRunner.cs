using System.Globalization;
using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Contestants;

/// <summary>A load generator that is started for each round; its processor time is what bash tells of it.</summary>
/// <param name="name">Its name, for messages.</param>
/// <param name="pinning">What to put before the command.</param>
/// <param name="command">One command of the shell, for so many seconds.</param>
/// <param name="parse">Reads what it prints.</param>
/// <param name="preparation">Commands that run before it and are not counted.</param>
internal sealed class ToolRunner(
    string name, IReadOnlyList<string> pinning, Func<double, string> command, Func<string, Sample> parse, string preparation = "") : IRunner
{
    private const string TimeMark = "bench-time";

    public async Task<Sample> RunAsync(double seconds, CancellationToken cancellationToken)
    {
        string script = $"{preparation}TIMEFORMAT='{TimeMark} %U %S'; time {command(seconds)} 2>&1";
        await using LineProcess process = LineProcess.Start(name, [.. pinning, "bash", "-c", $"{{ {script}; }} 2>&1"]);
        string text = await process.ReceiveAllAsync(cancellationToken);
        Sample sample = parse(text);
        string[] times = text.Split('\n').First(static line => line.StartsWith(TimeMark, StringComparison.Ordinal)).Split(' ');
        sample["userUs"] = double.Parse(times[1], CultureInfo.InvariantCulture) * 1e6;
        sample["systemUs"] = double.Parse(times[2], CultureInfo.InvariantCulture) * 1e6;
        return sample;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
