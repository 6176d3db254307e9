using System.Diagnostics;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Processes;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Measuring;

/// <summary>
/// The hidden command <c>__row NAME</c>: measures one row, in a process of its own so that rows share neither processor time nor heap.
/// </summary>
internal static class RowCommand
{
    public const string Name = "__row";

    public static async Task<int> RunAsync(string row, ParentLink parent)
    {
        RowOrder order = await parent.ReceiveAsync(RowJson.Default.RowOrder);
        try
        {
            await WarmUpAsync(row, order);
            parent.Send(new RowMessage { Warm = true }, RowJson.Default.RowMessage);
            await parent.ReceiveAsync(RowJson.Default.RowStart);
            RowMeasurement result = await MeasureAsync(row, order, parent);
            parent.Send(new RowMessage { Result = result }, RowJson.Default.RowMessage);
            return ExitCodes.Success;
        }
        catch (CommandFailure failure)
        {
            parent.Send(new RowMessage { Failed = failure.Message }, RowJson.Default.RowMessage);
            return ExitCodes.CouldNotRun;
        }
    }

    private static async Task WarmUpAsync(string row, RowOrder order)
    {
        var timeout = TimeSpan.FromMilliseconds(order.TimeoutMs);
        using (var count = new ConnectionCount(order.WarmUp.ConnectPort, countHandshakes: false))
        using (IRequestSender sender = RequestSender.Create(row, new HandlerFactory(order, order.WarmUp, count)))
        {
            var load = new Load(sender, order.WarmUp.Uri, order.WarmUpRequests, order.Concurrency, timeout);
            await load.RunAsync(TimeSpan.FromMilliseconds(order.WarmUpMs));
            ThrowIfNoneSucceeded(load);
        }

        // The server sees the warm-up's connections end, and the compiler finishes what it has begun.
        await Task.Delay(TimeSpan.FromMilliseconds(200));
    }

    private static async Task<RowMeasurement> MeasureAsync(string row, RowOrder order, ParentLink parent)
    {
        bool countHandshakes = order.CountConnections && order.Measured.Uri.Scheme == Uri.UriSchemeHttps;
        using var count = new ConnectionCount(order.Measured.ConnectPort, countHandshakes);
        using IRequestSender sender = RequestSender.Create(row, new HandlerFactory(order, order.Measured, count));
        var load = new Load(sender, order.Measured.Uri, order.Requests, order.Concurrency, TimeSpan.FromMilliseconds(order.TimeoutMs));
        int remotePort = order.Measured.ConnectPort ?? order.Measured.Uri.Port;
        SocketStates before = TcpTable.Read(remotePort);
        GC.Collect();

        long allocated;
        TimeSpan cpu;
        TimeSpan elapsed;
        await using (new Timer(_ => parent.Send(new RowMessage { Done = load.Ended }, RowJson.Default.RowMessage), null, 100, 100))
        {
            allocated = GC.GetTotalAllocatedBytes(precise: true);
            cpu = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            await load.RunAsync();
            elapsed = Stopwatch.GetElapsedTime(start);
            cpu = Environment.CpuUsage.TotalTime - cpu;
            allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        }

        await ThrowIfServerDiedAsync(load, sender, order);
        ThrowIfNoneSucceeded(load);
        long[] latencies = load.SortedLatencies();
        return new RowMeasurement(
            load.Ended,
            load.Ended - load.Succeeded,
            order.CountConnections ? sender.ConnectionsOpened ?? count.Connections : null,
            order.CountConnections ? count.TlsHandshakes : null,
            elapsed.TotalSeconds,
            Milliseconds(Percentile.Of(latencies, 50)),
            Milliseconds(Percentile.Of(latencies, 99)),
            cpu.TotalMicroseconds,
            allocated,
            await TimeWaitSockets.CountNewAsync(remotePort, before, TimeProvider.System, TimeSpan.FromMilliseconds(order.RoundTripMs)));
    }

    /// <summary>
    /// A few failures are errors of the row; failures up to the end may be a server that is gone. One more request tells.
    /// </summary>
    private static async Task ThrowIfServerDiedAsync(Load load, IRequestSender sender, RowOrder order)
    {
        if (!load.EndedUnanswered || load.Succeeded == 0)
        {
            return;
        }

        string reason = load.LastFailure;
        if (!load.GaveUp)
        {
            var probe = new Load(sender, order.Measured.Uri, 1, 1, TimeSpan.FromMilliseconds(order.TimeoutMs));
            await probe.RunAsync();
            if (!probe.EndedUnanswered)
            {
                return;
            }

            reason = probe.LastFailure;
        }

        throw new CommandFailure($"the server stopped responding after {load.Succeeded} of {order.Requests} requests: {reason}");
    }

    private static void ThrowIfNoneSucceeded(Load load)
    {
        if (load.Succeeded == 0)
        {
            throw new CommandFailure($"every request failed: {load.LastFailure}");
        }
    }

    private static double Milliseconds(long timestamps) => timestamps * 1000.0 / Stopwatch.Frequency;
}
