using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Rendering;

/// <summary>Shows nothing.</summary>
internal sealed class NoProgress : IProgressView, IRowProgress
{
    public Task RunAsync(IReadOnlyList<string> rows, Func<IRowProgress, Task> work) => work(this);

    public void Started(string row, int requests)
    {
    }

    public void Advanced(string row, int requestsDone)
    {
    }

    public void Ended(string row, RowMeasurement measured)
    {
    }
}
