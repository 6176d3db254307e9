using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Rendering;

/// <summary>Shows the rows while they are measured.</summary>
internal interface IProgressView
{
    /// <summary>Shows what <paramref name="work"/> reports until it ends.</summary>
    Task RunAsync(IReadOnlyList<string> rows, Func<IRowProgress, Task> work);
}

/// <summary>What is told while rows are measured.</summary>
internal interface IRowProgress
{
    void Started(string row, int requests);

    void Advanced(string row, int requestsDone);

    void Ended(string row, RowMeasurement measured);
}
