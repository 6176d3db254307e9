using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Pooling;

/// <summary>What <see cref="PooledHttpHandler.ShouldEvictConnection"/> is told, what its answer does, and what it cannot do.</summary>
public sealed class EvictionCallbackTests
{
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task It_is_told_what_the_connection_is_and_false_keeps_it()
    {
        var asked = new List<SocketsHttpConnectionEvictionContext>();
        var made = new List<long>();
        using var rig = new PoolRig(handler =>
        {
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
            var connect = handler.ConnectCallback!;
            handler.ConnectCallback = (context, token) =>
            {
                made.Add(context.ConnectionId);
                return connect(context, token);
            };
            handler.PlaintextStreamFilter = (context, _) =>
            {
                made.Add(context.ConnectionId);
                return ValueTask.FromResult(context.PlaintextStream);
            };
            handler.ShouldEvictConnection = (context, _) =>
            {
                lock (asked)
                {
                    asked.Add(context);
                }

                return Task.FromResult(false);
            };
        });
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        rig.Time.Advance(s_round);
        await Eventually.IsTrue(() => Count() == 1, "the first round");
        await Eventually.IsTrue(
            () =>
            {
                rig.Time.Advance(s_round);
                return Count() > 1;
            },
            "a later round");

        using HttpRequestMessage request = PoolRig.Request(HttpMethod.Get);
        Assert.Null(request.ConnectionId);
        Task<HttpResponseMessage> response = rig.Send(request);
        await peer.AnswerAsync();
        long id = (await rig.Done(response)).GetConnectionInfo()!.ConnectionId;
        Assert.Equal(1, rig.Network.DialCount);
        Assert.Equal(id, request.ConnectionId);
        Assert.Equal([id, id], made);
        SocketsHttpConnectionEvictionContext context = asked[0];
        Assert.InRange(context.Age, s_round, s_round * 2);
        Assert.Equal(
            (id, new Version(1, 1), new DnsEndPoint("a.test", 80), null),
            (context.ConnectionId, context.HttpVersion, context.DnsEndPoint, context.RemoteEndPoint));

        int Count()
        {
            lock (asked)
            {
                return asked.Count;
            }
        }
    }

    [Fact]
    public async Task A_connection_in_use_ends_what_it_serves_and_serves_nothing_else()
    {
        bool evict = true;
        using var rig = new PoolRig(handler => handler.ShouldEvictConnection = (_, _) =>
        {
            bool answer = evict;
            evict = false;
            return Task.FromResult(answer);
        });
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy();
        rig.Time.Advance(s_round);
        await Eventually.IsTrue(() => !Volatile.Read(ref evict), "it was asked");
        await peer.SendResponseAsync(200, "ok");
        Assert.Equal("ok", await (await rig.Done(response)).Content.ReadAsStringAsync());
        await rig.Until(snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.Evicted, 1));

        response = rig.Get();
        await (await rig.Network.AcceptAsync()).AnswerAsync();
        await rig.Done(response);
        Assert.Equal(2, rig.Network.DialCount);
    }

    [Fact]
    public async Task An_HTTP_2_connection_in_use_ends_its_streams_and_gets_no_more()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using KestrelServer server = await KestrelServer.StartAsync(
            context => context.Request.Path == "/held" ? held.Task : Task.CompletedTask,
            new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
        var time = new FakeTime();
        long first = 0;
        int asked = 0;
        using var handler = new PooledHttpHandler
        {
            TimeProvider = time,
            UseProxy = false,
            ShouldEvictConnection = (context, _) =>
            {
                Interlocked.Increment(ref asked);
                return Task.FromResult(context.ConnectionId == first);
            },
        };
        using var client = new HttpMessageInvoker(handler);
        Task<HttpResponseMessage> waiting = client.SendAsync(Request("held"), CancellationToken.None);
        await Eventually.IsTrue(() => server.Requests == 1, "the server has the request");
        first = handler.GetSnapshot().Origins[0].Connections[0].Id;
        time.Advance(s_round);
        await Eventually.IsTrue(() => asked > 0, "it was asked");
        HttpRequestMessage request = Request("");
        await Eventually.IsTrue(
            () =>
            {
                using HttpResponseMessage other = client.SendAsync(request = Request(""), CancellationToken.None).GetAwaiter().GetResult();
                return request.ConnectionId != first;
            },
            "another connection serves");
        Assert.False(waiting.IsCompleted);
        held.SetResult();
        using HttpResponseMessage response = await Guard.Within(waiting, () => "the response that was held");
        Assert.Equal((HttpStatusCode.OK, first), (response.StatusCode, response.GetConnectionInfo()!.ConnectionId));
        await Eventually.IsTrue(
            () => handler.GetSnapshot().Origins[0].ClosedBy.GetValueOrDefault(CloseReason.Evicted) == 1, "it is closed behind its streams");

        HttpRequestMessage Request(string path) => new(HttpMethod.Get, new Uri(server.HttpUri, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public static TheoryData<string> Failures => ["throws", "null", "fails", "never ends", "blocks"];

    /// <summary>Requests go on, and the next round asks again.</summary>
    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_it_does_wrong_hurts_no_request_and_keeps_the_connection(string what)
    {
        using var release = new ManualResetEventSlim();
        int asked = 0;
        CancellationToken given = default;
        using var rig = new PoolRig(handler =>
        {
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
            handler.ShouldEvictConnection = (_, token) =>
            {
                given = token;
                Interlocked.Increment(ref asked);
                switch (what)
                {
                    case "throws":
                        throw new InvalidOperationException("wrong");
                    case "null":
#pragma warning disable MA0022 // What a program does wrong is what is tested.
                        return null!;
#pragma warning restore MA0022
                    case "fails":
                        return Task.FromException<bool>(new InvalidOperationException("wrong"));
                    case "blocks":
                        release.Wait(CancellationToken.None);
                        return Task.FromResult(false);
                    default:
                        return new TaskCompletionSource<bool>().Task;
                }
            };
        });
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        rig.Time.Advance(s_round);
        await Eventually.IsTrue(() => asked == 1, "the first round");
        Task<HttpResponseMessage> response = rig.Get();
        await peer.AnswerAsync();
        await rig.Done(response);
        Assert.Equal(1, rig.Network.DialCount);
        release.Set();
        await Eventually.IsTrue(
            () =>
            {
                rig.Time.Advance(s_round);
                return asked > 1;
            },
            "a later round");
        if (what == "never ends")
        {
            Assert.True(given.CanBeCanceled);
        }

        Assert.Empty(rig.ClosedBy);
    }

    /// <summary>
    /// A callback that never comes back about one connection holds one thread for good and no more: rounds go on, the others are asked
    /// about and can be closed, and it is not asked again about that one.
    /// </summary>
    [Fact]
    public async Task One_that_blocks_for_good_delays_no_other_answer_and_is_asked_once()
    {
        using var release = new ManualResetEventSlim();
        long blocks = 0;
        bool evict = false;
        var asked = new ConcurrentDictionary<long, int>();
        using var rig = new PoolRig(handler =>
        {
            handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
            handler.ShouldEvictConnection = (context, _) =>
            {
                long id = context.ConnectionId;
                Interlocked.CompareExchange(ref blocks, id, 0);
                asked.AddOrUpdate(id, 1, static (_, times) => times + 1);
                if (id == Volatile.Read(ref blocks))
                {
                    release.Wait(CancellationToken.None);
                }

                return Task.FromResult(Volatile.Read(ref evict));
            };
        });
        await rig.OpenIdle(3);
        for (int round = 1; round <= 5; round++)
        {
            await Eventually.IsTrue(
                () =>
                {
                    rig.Time.Advance(s_round);
                    return asked.Count == 3 && asked.Where(pair => pair.Key != blocks).All(pair => pair.Value >= round);
                },
                $"round {round}");
        }

        Assert.Equal(1, asked[blocks]);
        Assert.Empty(rig.ClosedBy);
        Volatile.Write(ref evict, true);
        await Eventually.IsTrue(
            () =>
            {
                rig.Time.Advance(s_round);
                return rig.Snapshot.Open == 1;
            },
            "the others are closed");
        rig.AssertClosed((CloseReason.Evicted, 2));
        Assert.Equal(1, asked[blocks]);

        // What it says in the end is heard by nobody, and the next round asks again.
        release.Set();
        await Eventually.IsTrue(
            () =>
            {
                rig.Time.Advance(s_round);
                return rig.Snapshot.Open == 0;
            },
            "the last is asked about again and closed");
    }

    [Fact]
    public async Task Disposing_the_handler_cancels_what_it_waits_for()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var rig = new PoolRig(handler => handler.ShouldEvictConnection = (_, token) =>
        {
            token.Register(cancelled.SetResult);
            asked.SetResult();
            return new TaskCompletionSource<bool>().Task;
        });
        await rig.OpenIdle();
        rig.Time.Advance(s_round);
        await Guard.Within(asked.Task, () => "the question");
        rig.Handler.Dispose();
        await Guard.Within(cancelled.Task, () => "the cancellation");
    }

    [Fact]
    public async Task A_request_is_told_its_connection_only_where_somebody_wants_to_know()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        using HttpRequestMessage plain = PoolRig.Request(HttpMethod.Get);
        Task<HttpResponseMessage> response = rig.Send(plain);
        await peer.AnswerAsync();
        await rig.Done(response);
        Assert.Null(plain.ConnectionId);
        Assert.Null(Warmwire.Runtime.FrameworkFields.OptionsOf(plain));

        using HttpRequestMessage curious = PoolRig.Request(HttpMethod.Get);
        curious.Options.Set(TransportOptions.ConnectionId, null);
        response = rig.Send(curious);
        await peer.AnswerAsync();
        Assert.Equal((await rig.Done(response)).GetConnectionInfo()!.ConnectionId, curious.ConnectionId);
    }
}
