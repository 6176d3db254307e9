using System.Globalization;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Measuring;

/// <summary>A process that speaks the line protocol: "ready", then one line of JSON for each "run".</summary>
internal sealed class WorkerRunner : IRunner
{
    private readonly LineProcess _process;

    private WorkerRunner(LineProcess process) => _process = process;

    public static async Task<IRunner> StartAsync(
        string role, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment, CancellationToken cancellationToken)
    {
        var runner = new WorkerRunner(LineProcess.Start(role, command, environment));
        try
        {
            string greeting = await runner._process.ReceiveAsync(cancellationToken);
            return greeting == "ready" ? runner : throw new BenchFailure($"{role} said '{greeting}' in place of 'ready'");
        }
        catch
        {
            await runner.DisposeAsync();
            throw;
        }
    }

    public async Task<Sample> RunAsync(double seconds, CancellationToken cancellationToken)
    {
        await _process.SendAsync(string.Create(CultureInfo.InvariantCulture, $"run seconds={seconds}"));
        return Sample.Parse(await _process.ReceiveAsync(cancellationToken));
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
