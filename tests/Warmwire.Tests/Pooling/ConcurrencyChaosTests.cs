using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Exchanges that end in every way there is, on many threads, under a limit that moves: nothing is under way when all are over, and the
/// limit was never passed.
/// </summary>
public class ConcurrencyChaosTests
{
    private const int Clients = 12;
    private const int Requests = 80;

    private static readonly string[] s_http1 =
        ["ok", "ok", "ok", "refuse", "cut", "reset", "silent", "early", "last", "upgrade", "garbage"];

    private static readonly string[] s_http2 =
        ["ok", "ok", "ok", "refuse", "cut", "reset", "silent", "early", "goaway", "not now", "tunnel"];

    public static TheoryData<int> Seeds() => [1, 2, 3];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Nothing_is_under_way_in_the_end_over_http1(int seed)
    {
        using var rig = new PoolRig(Configure);
        _ = Task.Run(async () =>
        {
            while (true)
            {
                _ = ServeHttp1(await rig.Network.AcceptAsync());
            }
        });
        await Run(
            seed,
            s_http1,
            path =>
            {
                HttpRequestMessage request = PoolRig.Request(HttpMethod.Get, PoolRig.A + path);
                if (path == "upgrade")
                {
                    request.Headers.Connection.Add("Upgrade");
                    request.Headers.Upgrade.ParseAdd("echo");
                }

                return request;
            },
            rig.Invoker,
            rig.Time,
            () => rig.Snapshot);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Nothing_is_under_way_in_the_end_over_http2(int seed)
    {
        using var rig = new Http2Rig(Configure);
        _ = Task.Run(async () =>
        {
            while (true)
            {
                _ = ServeHttp2(await rig.AcceptAsync((PeerSetting.EnableConnectProtocol, 1), (PeerSetting.MaxConcurrentStreams, 4)));
            }
        });
        await Run(
            seed,
            s_http2,
            path =>
            {
                HttpMethod method = path == "tunnel" ? HttpMethod.Connect : HttpMethod.Get;
                HttpRequestMessage request = Http2Rig.Request(method, path.Replace(' ', '-'));
                request.Headers.Protocol = path == "tunnel" ? "websocket" : null;
                return request;
            },
            rig.Invoker,
            rig.Time,
            rig.Handler.GetSnapshot);
    }

    private static void Configure(PooledHttpHandler handler)
    {
        handler.ConcurrencyLimit = new AdaptiveConcurrency { MaxLimit = 6, MinLatencyInterval = TimeSpan.FromSeconds(1) };
        handler.MaxPendingRequestsPerServer = 10;
    }

    private static async Task Run(
        int seed,
        string[] paths,
        Func<string, HttpRequestMessage> make,
        HttpMessageInvoker invoker,
        FakeTime time,
        Func<PoolSnapshot> snapshot)
    {
        int over = 0;
        int most = 0;
        Task clock = Task.Run(async () =>
        {
            while (Volatile.Read(ref over) < Clients)
            {
                time.Advance(TimeSpan.FromMilliseconds(1));
                most = Math.Max(most, Origin(snapshot)?.Concurrency!.InFlight ?? 0);
                await Task.Yield();
            }
        });
        IEnumerable<Task> clients = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random((seed * 1000) + client);
            for (int i = 0; i < Requests; i++)
            {
                await SendOne(random, paths, make, invoker);
            }

            Interlocked.Increment(ref over);
        }));
        await Guard.Within(Task.WhenAll(clients), () => $"the end of all requests; {snapshot()}");
        await Guard.Within(clock, () => "the end of the clock");
        await Eventually.IsTrue(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(10));
                return Origin(snapshot) is null or { Pending: 0, Concurrency.InFlight: 0 };
            },
            $"nothing is under way; {snapshot()}");
        Assert.InRange(most, 1, 6);
    }

    /// <summary>The origin, unless it is not there yet.</summary>
    private static OriginSnapshot? Origin(Func<PoolSnapshot> snapshot) =>
        snapshot().Origins.SingleOrDefault(static origin => origin.Concurrency is not null);

    private static async Task SendOne(Random random, string[] paths, Func<string, HttpRequestMessage> make, HttpMessageInvoker invoker)
    {
        string path = paths[random.Next(paths.Length)];
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = invoker.SendAsync(make(path), cancel.Token);
        if (path == "silent" || random.Next(6) == 0)
        {
            for (int yields = random.Next(40); yields > 0; yields--)
            {
                await Task.Yield();
            }

            await cancel.CancelAsync();
        }

        try
        {
            using HttpResponseMessage response = await sending;
            Stream body = await response.Content.ReadAsStreamAsync();
            if (path is not ("early" or "upgrade" or "tunnel") && random.Next(5) > 0)
            {
                await body.CopyToAsync(Stream.Null);
            }

            await body.DisposeAsync();
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // That is what it is about.
        }
    }

    private static async Task ServeHttp1(ScriptedPeer peer)
    {
        while (true)
        {
            ReceivedRequest request = await peer.ReadRequestAsync();
            switch (request.Target)
            {
                case "/cut":
                    await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut");
                    peer.Close();
                    return;
                case "/reset":
                    peer.Reset();
                    return;
                case "/silent":
                    break;
                case "/early":
                    await peer.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
                    break;
                case "/last":
                    await peer.SendResponseAsync(headers: "Connection: close");
                    return;
                case "/upgrade":
                    await peer.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
                    return;
                case "/garbage":
                    await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n");
                    return;
                default:
                    await peer.SendResponseAsync(request.Target == "/refuse" ? 503 : 200, "body");
                    break;
            }
        }
    }

    private static async Task ServeHttp2(Http2Peer peer)
    {
        while (true)
        {
            PeerRequest request = await peer.ReadRequestAsync();
            int id = request.StreamId;
            switch (request.Path)
            {
                case "/cut":
                    await peer.SendHeadAsync(id, 200);
                    await peer.SendRstAsync(id, Http2ErrorCode.InternalError);
                    break;
                case "/reset":
                    await peer.SendRstAsync(id, Http2ErrorCode.Cancel);
                    break;
                case "/not-now":
                    await peer.SendRstAsync(id, Http2ErrorCode.RefusedStream);
                    break;
                case "/silent":
                    break;
                case "/early" or "/tunnel":
                    await peer.SendHeadAsync(id, 200);
                    break;
                case "/goaway":
                    await peer.SendGoAwayAsync(id);
                    await peer.AnswerAsync(id);
                    break;
                default:
                    await peer.AnswerAsync(id, request.Path == "/refuse" ? 503 : 200, "body");
                    break;
            }
        }
    }
}
