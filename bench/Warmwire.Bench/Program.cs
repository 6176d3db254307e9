using Warmwire.Bench;

try
{
    if (BenchOptions.Parse(args) is not { } options)
    {
        Console.WriteLine(BenchOptions.Help);
        return 0;
    }

    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, e) =>
    {
        e.Cancel = true;
        stop.Cancel();
    };
    await BenchRun.RunAsync(options, stop.Token);
    return 0;
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
