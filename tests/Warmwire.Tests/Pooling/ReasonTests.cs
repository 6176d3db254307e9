using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Every reason of a close and of a dial, seen in the snapshot. The data are the members of the enums, so a new member without a scenario
/// fails here. Those that only HTTP/2 has are in <see cref="SharedReasonTests"/>.
/// </summary>
public class ReasonTests
{
    public static TheoryData<CloseReason> CloseReasons => new(Enum.GetValues<CloseReason>().Except(SharedReasonTests.OnlyShared));

    public static TheoryData<DialReason> DialReasons =>
        new(Enum.GetValues<DialReason>().Where(static reason => reason != DialReason.AllAtStreamLimit));

    [Theory]
    [MemberData(nameof(CloseReasons))]
    public async Task Every_close_reason_is_counted_for_what_it_says(CloseReason reason)
    {
        using var metrics = new TestMeterFactory();
        using var collector = new MetricCollector(metrics);
        using PoolRig rig = await CloseAsync(reason, metrics);
        await rig.Until(snapshot => snapshot.Origins.Any(origin => origin.ClosedBy.Count > 0));
        rig.AssertClosed((reason, 1));
        await Eventually.IsTrue(() => collector.Sum("warmwire.client.connections_closed") == 1, "the metric");
        Assert.Equal(1, collector.Sum("warmwire.client.connections_closed", ("warmwire.close.reason", reason)));
    }

    [Theory]
    [MemberData(nameof(DialReasons))]
    public async Task Every_dial_reason_is_counted_for_what_it_says(DialReason reason)
    {
        using var metrics = new TestMeterFactory();
        using var collector = new MetricCollector(metrics);
        using PoolRig rig = await DialAsync(reason, metrics);
        Assert.Equal(1, rig.DialedBy[reason]);
        Assert.Equal(rig.Network.DialCount, rig.DialedBy.Values.Sum());

        // A listener is told beside the dial, and may hear of it behind the answer.
        await Eventually.IsTrue(() => collector.Sum("warmwire.client.dials", ("warmwire.dial.reason", reason)) > 0, "the metric");
        Assert.Equal(1, collector.Sum("warmwire.client.dials", ("warmwire.dial.reason", reason)));
    }

    private static async Task<PoolRig> DialAsync(DialReason reason, TestMeterFactory metrics)
    {
        var rig = new PoolRig(handler => handler.MeterFactory = metrics);
        switch (reason)
        {
            case DialReason.First:
                await rig.OpenIdle();
                break;
            case DialReason.AllBusy:
                await rig.OpenIdle(2);
                break;
            case DialReason.Prewarm:
                Assert.Equal(1, await rig.Done(rig.Handler.PrewarmAsync(new Uri(PoolRig.A), 1, TestContext.Current.CancellationToken)));
                break;
            case DialReason.Replacement:
                ScriptedPeer peer = (await rig.OpenIdle())[0];
                Task<HttpResponseMessage> response = rig.Get();
                await peer.ReadRequestAsync();
                peer.Close();
                await (await rig.Network.AcceptAsync()).AnswerAsync();
                (await rig.Done(response)).Dispose();
                break;
            default:
                Assert.Fail($"No test makes the pool dial for {reason}.");
                break;
        }

        return rig;
    }

    private static async Task<PoolRig> CloseAsync(CloseReason reason, TestMeterFactory metrics)
    {
        if (reason is CloseReason.AddressRetired or CloseReason.Rebalanced)
        {
            return await MoveAsync(metrics, leaves: reason == CloseReason.AddressRetired);
        }

        var rig = new PoolRig(handler =>
        {
            handler.MeterFactory = metrics;
            Configure(handler, reason);
        });
        await CloseAsync(reason, rig);
        return rig;
    }

    private static void Configure(PooledHttpHandler handler, CloseReason reason)
    {
        _ = reason switch
        {
            CloseReason.Lifetime =>
                (handler.PooledConnectionLifetime = PoolRig.Seconds(60)) + PoolRig.Seconds(handler.PooledConnectionLifetimeJitter = 0),
            CloseReason.Cancelled => handler.CancellationDrainTimeout = TimeSpan.Zero,
            CloseReason.RequestTimeout => handler.ResponseHeadersTimeout = PoolRig.Seconds(1),
            CloseReason.BodyNotDrained or CloseReason.DrainLimit => PoolRig.Seconds(handler.MaxResponseDrainSize = 10),
            CloseReason.IdleLimit => PoolRig.Seconds(handler.MaxIdleConnectionsPerServer = 0),
            CloseReason.MadeRoom => PoolRig.Seconds(handler.MaxConnections = 1),
            CloseReason.Evicted => Evicting(handler),
            _ => default,
        };
        if (reason == CloseReason.WriteError)
        {
            handler.ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new BrokenWriteStream());
        }
    }

    private static TimeSpan Evicting(PooledHttpHandler handler)
    {
        handler.ShouldEvictConnection = static (_, _) => Task.FromResult(true);
        return default;
    }

    private static async Task CloseAsync(CloseReason reason, PoolRig rig)
    {
        switch (reason)
        {
            case CloseReason.IdleTimeout:
                await rig.OpenIdle();
                rig.Time.Advance(PoolRig.Seconds(90));
                break;
            case CloseReason.Lifetime:
                await rig.OpenIdle();
                rig.Time.Advance(PoolRig.Seconds(60));
                break;
            case CloseReason.Evicted:
                await rig.OpenIdle();
                rig.Time.Advance(PoolRig.Seconds(5));
                break;
            case CloseReason.ServerClosed:
                (await rig.OpenIdle())[0].Close();
                break;
            case CloseReason.UnsolicitedData:
                await (await rig.OpenIdle())[0].SendAsync("H");
                break;
            case CloseReason.ConnectionCloseHeader:
                await rig.Finish(await rig.Busy(), "Connection: close");
                break;
            case CloseReason.Http10:
                await Answered(rig, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
                break;
            case CloseReason.BodyEndedByClose:
                (HttpResponseMessage endless, ScriptedPeer server) = await Answered(rig, "HTTP/1.1 200 OK\r\n\r\nhello");
                server.Close();
                Assert.Equal("hello", await rig.Done(endless.Content.ReadAsStringAsync()));
                break;
            case CloseReason.ProtocolError:
                await Failed(rig, peer => peer.SendAsync("HTTP/9 nonsense\r\n\r\n"));
                break;
            case CloseReason.ReadError:
                await Failed(rig, peer =>
                {
                    peer.Reset();
                    return Task.CompletedTask;
                });
                break;
            case CloseReason.RequestTimeout:
                Assert.True((await Failed(rig, _ =>
                {
                    rig.Time.Advance(PoolRig.Seconds(1));
                    return Task.CompletedTask;
                })).IsTimeout);
                break;
            case CloseReason.BodyNotDrained:
                (await Answered(rig, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")).Response.Dispose();
                break;
            case CloseReason.DrainLimit:
                (HttpResponseMessage chunked, ScriptedPeer sender) =
                    await Answered(rig, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                chunked.Dispose();
                await sender.SendAsync("b\r\n0123456789a\r\n");
                break;
            case CloseReason.Upgraded:
                var upgrade = PoolRig.Request(HttpMethod.Get);
                upgrade.Headers.TryAddWithoutValidation("Connection", "Upgrade");
                upgrade.Headers.TryAddWithoutValidation("Upgrade", "test");
                (await Answered(rig, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n", upgrade))
                    .Response.Dispose();
                break;
            case CloseReason.ClosedByUser:
                await rig.OpenIdle();
                Assert.Equal(1, rig.Handler.CloseIdleConnections());
                break;
            case CloseReason.Disposed:
                await rig.OpenIdle();
                rig.Handler.Dispose();
                break;
            case CloseReason.IdleLimit:
                await rig.OpenIdle();
                rig.Time.Advance(PoolRig.Seconds(5));
                break;
            case CloseReason.MadeRoom:
                await rig.OpenIdle();
                await rig.OpenIdle(1, PoolRig.B);
                break;
            case CloseReason.Cancelled:
                using (var source = new CancellationTokenSource())
                {
                    (Task<HttpResponseMessage> response, _) = await rig.Busy(cancellationToken: source.Token);
                    await source.CancelAsync();
                    await rig.IsCancelled(response);
                }

                break;
            case CloseReason.WriteError:
                Task<HttpResponseMessage> broken = rig.Send(PoolRig.Request(HttpMethod.Post));
                await rig.Until(snapshot => snapshot.Requests == 1);
                await Eventually.IsTrue(() => rig.Time.NextDue <= PoolRig.Ms(500), "the wait for an answer after the failed write");
                rig.Time.Advance(PoolRig.Ms(500));
                Assert.Equal(TransportPhase.WriteRequest, (await rig.Fails(broken)).Phase);
                break;
            case CloseReason.RequestUnfinished:
                await RefuseUpload(rig);
                break;
            case CloseReason.RequestContentFailed:
                var content = new ScriptedContent(async stream =>
                {
                    await stream.WriteAsync(new byte[100]);
                    throw new InvalidTimeZoneException("the content broke");
                });
                await Assert.ThrowsAsync<InvalidTimeZoneException>(
                    () => rig.Done(rig.Send(PoolRig.Request(HttpMethod.Post, content: content))));
                break;
            default:
                Assert.Fail($"No test makes the pool close for {reason}.");
                break;
        }
    }

    private static async Task<(HttpResponseMessage Response, ScriptedPeer Peer)> Answered(
        PoolRig rig, string answer, HttpRequestMessage? request = null)
    {
        Task<HttpResponseMessage> response = rig.Send(request ?? PoolRig.Request(HttpMethod.Get));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(answer);
        return (await rig.Done(response), peer);
    }

    private static async Task<TransportException> Failed(PoolRig rig, Func<ScriptedPeer, Task> act)
    {
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy();
        await act(peer);
        return await rig.Fails(response);
    }

    private static async Task RefuseUpload(PoolRig rig)
    {
        var more = new TaskCompletionSource();
        var content = new ScriptedContent(async stream =>
        {
            await stream.WriteAsync(new byte[100]);
            await more.Task;
            await stream.WriteAsync(new byte[100]);
        });
        Task<HttpResponseMessage> response = rig.Send(PoolRig.Request(HttpMethod.Post, content: content));
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestHeadAsync();
        await peer.SendResponseAsync(413);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await rig.Done(response)).StatusCode);
        more.SetResult();
    }

    /// <summary>A connection closes because its address has left the name, or because another has joined it.</summary>
    private static async Task<PoolRig> MoveAsync(TestMeterFactory metrics, bool leaves)
    {
        RawServer server = LoopbackServers.Answering();
        IPAddress[] answer = [IPAddress.Loopback];
        int asked = 0;
        var rig = new PoolRig(handler =>
        {
            handler.MeterFactory = metrics;
            handler.ConnectCallback = null;

            // The clock runs ahead of look-ups, which take real time.
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
            handler.ResolveNames = (_, _) =>
            {
                Interlocked.Increment(ref asked);
                return Task.FromResult(answer);
            };
        });
        string url = $"http://moving.test:{server.Port}/";
        int open = leaves ? 1 : 2;
        Assert.Equal(open, await rig.Done(rig.Handler.PrewarmAsync(new Uri(url), open)));
        answer = leaves ? [IPAddress.Parse("127.0.0.2")] : [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")];
        for (int look = 0; look < (leaves ? 3 : 2); look++)
        {
            int before = Volatile.Read(ref asked);
            await Eventually.IsTrue(
                () =>
                {
                    rig.Time.Advance(PoolRig.Seconds(1));
                    return Volatile.Read(ref asked) > before;
                },
                "the name is resolved again");
        }

        await Eventually.IsTrue(
            () =>
            {
                rig.Time.Advance(PoolRig.Ms(50));
                return rig.Snapshot.Open == open - 1;
            },
            "one connection has closed");
        if (leaves)
        {
            // In the other case a connection stays open, and its server with it.
            await server.DisposeAsync();
        }

        return rig;
    }
}
