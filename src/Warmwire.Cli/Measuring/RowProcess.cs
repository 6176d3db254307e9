using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Processes;

namespace Warmwire.Cli.Measuring;

/// <summary>A row's process as the comparison sees it.</summary>
internal sealed class RowProcess : IAsyncDisposable
{
    private readonly ChildProcess _child;
    private readonly string _row;

    private RowProcess(ChildProcess child, string row)
    {
        _child = child;
        _row = row;
    }

    /// <summary>Starts the process and returns when the row is warm.</summary>
    public static async Task<RowProcess> StartAsync(string row, RowOrder order, CancellationToken cancellationToken)
    {
        var process = new RowProcess(ChildProcess.Start($"the process of {row}", RowCommand.Name, row), row);
        try
        {
            await process._child.SendAsync(order, RowJson.Default.RowOrder);
            await process.ReceiveAsync(cancellationToken);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <param name="progress">Told how many requests have ended.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<RowMeasurement> MeasureAsync(Action<int> progress, CancellationToken cancellationToken)
    {
        await _child.SendAsync(new RowStart(), RowJson.Default.RowStart);
        while (true)
        {
            RowMessage message = await ReceiveAsync(cancellationToken);
            if (message.Done is { } done)
            {
                progress(done);
            }

            if (message.Result is { } result)
            {
                return result;
            }
        }
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();

    private async Task<RowMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        RowMessage message = await _child.ReceiveAsync(RowJson.Default.RowMessage, cancellationToken);
        return message.Failed is { } reason ? throw new CommandFailure($"row {_row}: {reason}") : message;
    }
}
