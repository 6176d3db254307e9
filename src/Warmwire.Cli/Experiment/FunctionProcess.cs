using System.Diagnostics;
using Warmwire.Cli.Processes;

namespace Warmwire.Cli.Experiment;

/// <summary>A function's process as the experiment sees it.</summary>
internal sealed class FunctionProcess : IAsyncDisposable
{
    private readonly ChildProcess _child;

    private FunctionProcess(ChildProcess child, FunctionReady ready)
    {
        _child = child;
        Uri = new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", ready.Port).Uri;
    }

    public Uri Uri { get; }

    public static async Task<FunctionProcess> StartAsync(FunctionOrder order, CancellationToken cancellationToken)
    {
        ProcessStartInfo info = SelfExecutable.StartInfo([FunctionCommand.Name]);

        // One step less on the compiler's way to its best code, so that it is done after the warm-up and the function's processor time is
        // its own.
        info.Environment["DOTNET_TieredPGO"] = "0";
        ChildProcess child = ChildProcess.Start("the function", info);
        try
        {
            await child.SendAsync(order, FunctionJson.Default.FunctionOrder);
            return new FunctionProcess(child, await child.ReceiveAsync(FunctionJson.Default.FunctionReady, cancellationToken));
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public async Task<FunctionCounts> GetCountsAsync(CancellationToken cancellationToken)
    {
        await _child.SendAsync(new FunctionQuery(), FunctionJson.Default.FunctionQuery);
        return await _child.ReceiveAsync(FunctionJson.Default.FunctionCounts, cancellationToken);
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();
}
