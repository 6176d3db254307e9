using Warmwire.Connections;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>Many threads rent and end, while others suspend, limit, retire and close what they use: nobody is lost and the counts come out.</summary>
public class SharedStressTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Everybody_is_served_and_the_counts_return_to_zero(bool multiple)
    {
        using var rig = new SharedRig(
            settings =>
            {
                settings.MaxConnectionsPerServer = 4;
                settings.EnableMultipleHttp2Connections = multiple;
            },
            limit: 3);
        using var stop = new CancellationTokenSource();
        Task harm = Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                StubMultiplexedConnection[] open;
                lock (rig.Shared)
                {
                    open = [.. rig.Shared.Where(static connection => connection is { Started: true, ClosedFor: null })];
                }

                foreach (StubMultiplexedConnection connection in open)
                {
                    connection.Suspend();
                    connection.Limit(1 + (i % 4));
                    connection.Resume();
                }

                if (open.Length > 0 && i % 10 == 0)
                {
                    StubMultiplexedConnection victim = open[i / 10 % open.Length];
                    if (i % 20 == 0)
                    {
                        victim.Retire();
                    }
                    else
                    {
                        victim.Close(CloseReason.ReadError);
                    }
                }

                await Task.Yield();
            }
        });
        await rig.Done(Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                if (!rig.Pool.TryLeaseIdle(SharedRig.Probe(), rig.Attempt(), out HttpConnection? connection))
                {
                    try
                    {
                        connection = await rig.Ask();
                    }
                    catch (TransportException e) when (e.Phase == TransportPhase.Connect)
                    {
                        // Its connection was closed before it had served anybody.
                        continue;
                    }
                }

                if (i % 3 == 0)
                {
                    await Task.Yield();
                }

                connection.Release();
            }

            return 0;
        }))));
        await stop.CancelAsync();
        await harm;
        rig.Until(static origin => origin is { Dialing: 0, Pending: 0, StreamsActive: 0, Active: 0 });
        rig.Pool.CloseIdleConnections();
        Assert.Equal(0, rig.Origin.Open);
        rig.AssertCounted(active: 0, idle: 0, streams: 0);
    }
}
