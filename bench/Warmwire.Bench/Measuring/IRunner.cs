namespace Warmwire.Bench.Measuring;

/// <summary>A contestant that is ready to run rounds.</summary>
internal interface IRunner : IAsyncDisposable
{
    Task<Sample> RunAsync(double seconds, CancellationToken cancellationToken);
}
