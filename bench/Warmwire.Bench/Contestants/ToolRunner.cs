using System.Globalization;
using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Contestants;

/// <summary>A load generator that is started for each round; its processor time is what bash tells of it.</summary>
internal sealed class ToolRunner(string name, IReadOnlyList<string> pinning, Func<double, string> command, Func<string, Sample> parse) : IRunner
{
    private const string TimeMark = "bench-time";

    public async Task<Sample> RunAsync(double seconds, CancellationToken cancellationToken)
    {
        string script = $"TIMEFORMAT='{TimeMark} %U %S'; time {command(seconds)} 2>&1";
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
