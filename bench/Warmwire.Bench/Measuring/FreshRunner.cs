namespace Warmwire.Bench.Measuring;

/// <summary>A new process for each round.</summary>
internal sealed class FreshRunner : IRunner
{
    private readonly Func<CancellationToken, Task<IRunner>> _start;

    public FreshRunner(Func<CancellationToken, Task<IRunner>> start) => _start = start;

    public async Task<Sample> RunAsync(double seconds, CancellationToken cancellationToken)
    {
        await using IRunner runner = await _start(cancellationToken);
        return await runner.RunAsync(seconds, cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
