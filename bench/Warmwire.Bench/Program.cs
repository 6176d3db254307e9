using System.Runtime.InteropServices;
using Warmwire.Bench;

try
{
    if (BenchOptions.Parse(args) is not { } options)
    {
        Console.WriteLine(BenchOptions.Help);
        return 0;
    }

    using var stop = new CancellationTokenSource();
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    await BenchRun.RunAsync(options, stop.Token);
    return 0;

    // Clients, servers and files go away on the way out.
    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
}
catch (BenchFailure failure)
{
    await Console.Error.WriteLineAsync($"bench: {failure.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("bench: interrupted");
    return 130;
}
