using System.Diagnostics;
using System.Globalization;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>Many threads at once, in real time: what no script can order.</summary>
public class StressTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_answer_goes_astray_under_load_with_random_cancellation(bool zeroByteReads)
    {
        const int Cap = 8;
        using var rig = new PoolRig(
            handler =>
            {
                handler.TimeProvider = TimeProvider.System;
                handler.MaxConnectionsPerServer = Cap;
                handler.MaxConnections = Cap + 2;
            },
            new MemoryTransportOptions { SupportsZeroByteReads = zeroByteReads });
        _ = Task.Run(async () =>
        {
            while (true)
            {
                _ = ServeAsync(await rig.Network.AcceptAsync());
            }
        });
        long start = Stopwatch.GetTimestamp();
        int answered = 0, cancelled = 0;
        await Guard.Within(Task.WhenAll(Enumerable.Range(0, 64).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (int i = 0;
                Stopwatch.GetElapsedTime(start) < s_time || Volatile.Read(ref answered) <= 1000 || Volatile.Read(ref cancelled) <= 10;
                i++)
            {
                using var source = new CancellationTokenSource();
                if (random.Next(4) == 0)
                {
                    source.CancelAfter(TimeSpan.FromMicroseconds(random.Next(3000)));
                }

                string id = string.Create(CultureInfo.InvariantCulture, $"{worker}-{i}");
                try
                {
                    using HttpResponseMessage response = await rig.Get($"http://o{(random.Next(8) == 0 ? 1 : 0)}.test/{id}", source.Token);
                    if (random.Next(8) != 0)
                    {
                        Assert.Equal($"the answer to /{id}", await response.Content.ReadAsStringAsync(source.Token));
                    }

                    Interlocked.Increment(ref answered);
                }
                catch (OperationCanceledException) when (source.IsCancellationRequested)
                {
                    Interlocked.Increment(ref cancelled);
                }
            }
        }))), () => $"Stuck after {answered} answers\n{rig.Snapshot}");

        await rig.Until(snapshot => snapshot.Active == 0 && snapshot.Pending == 0 && snapshot.Dialing == 0);
        Assert.InRange(rig.Network.MaxOpenOrDialing, Cap, Cap + 2);
        Assert.Equal(rig.Snapshot.ConnectionsOpened, rig.Snapshot.Open + rig.ClosedBy.Values.Sum());
        Assert.All(rig.ClosedBy.Keys, reason => Assert.Contains(reason, (CloseReason[])[CloseReason.Cancelled, CloseReason.MadeRoom]));
    }

    /// <summary>Answers in one piece, or with the body behind the head after a moment.</summary>
    private static async Task ServeAsync(ScriptedPeer peer)
    {
        for (int i = 0; ; i++)
        {
            ReceivedRequest request = await peer.ReadRequestAsync();
            string body = $"the answer to {request.Target}";
            string head = $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n";
            if (i % 3 == 0)
            {
                await peer.SendAsync(head);
                await Task.Yield();
                await peer.SendAsync(body);
            }
            else
            {
                await peer.SendAsync(head + body);
            }
        }
    }
}
