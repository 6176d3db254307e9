using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Net;
using Warmwire.Diagnostics;
using Warmwire.Sockets;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Warmwire.Tests.Pooling;
using Xunit;

namespace Warmwire.Tests.Telemetry;

/// <summary>The transport's own health: event loop, look-ups of names in use, what servers use of their allowances.</summary>
[Collection(ProcessWideTelemetry.Name)]
public sealed class EngineTelemetryTests
{
    [Fact]
    public void The_event_loop_is_a_set_of_instruments()
    {
        using var metrics = new MetricCollector();
        EngineMetrics.Publish(static () => new EngineSnapshot
        {
            Loops = 1_000_003,
            Threads = 5,
            BlockedThreads = 2,
            Takeovers = 1_000_017,
            CodeBlocks = true,
            BlockingPeriods = 7,
        });

        // The loops of the process are told too.
        Assert.InRange(metrics.Observe("warmwire.engine.loops"), 1_000_003, 1_001_000);
        Assert.True(metrics.Observe("warmwire.engine.takeovers") >= 1_000_017);
        Assert.True(metrics.Observe("warmwire.engine.threads") >= 5);
        Assert.True(metrics.Observe("warmwire.engine.blocked_threads") >= 2);
        Assert.True(metrics.Observe("warmwire.engine.blocking") >= 1);
        Assert.True(metrics.Observe("warmwire.engine.blocking_periods") >= 7);
    }

    [Fact]
    public async Task The_snapshot_has_the_event_loop_once_there_is_a_connection_over_it()
    {
        await using RawServer server = LoopbackServers.Answering();
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler);
        (await client.GetAsync(server.Uri)).Dispose();
        if (SocketBackEnds.Default != SocketBackEnd.EventLoop)
        {
            Assert.Null(handler.GetSnapshot().Engine);
            return;
        }

        EngineSnapshot engine = handler.GetSnapshot().Engine!;
        Assert.InRange(engine.Loops, 1, Environment.ProcessorCount);
        Assert.True(engine.Threads >= engine.Loops, engine.ToString());

        using var metrics = new MetricCollector();
        await Eventually.IsTrue(() => metrics.Observe("warmwire.engine.loops") >= 1, "the instruments are published");
    }

    [Fact]
    public void Other_sockets_have_no_event_loop()
    {
        using var rig = new NameRig(static _ => [NameRig.Address(1)], static settings => settings.SocketBackEnd = SocketBackEnd.Managed);
        Assert.Null(rig.Pool.GetSnapshot().Engine);
    }

    [Fact]
    public async Task What_a_server_used_of_an_allowance_is_told_when_its_connection_is_closed()
    {
        using var meters = new TestMeterFactory();
        using var metrics = new MetricCollector(meters);
        using var events = new Listener();
        using var rig = new Http2Rig(handler => handler.MeterFactory = meters);
        Http2Peer peer = await rig.WarmUpAsync();
        for (int i = 0; i < 300; i++)
        {
            await peer.SendPingAsync((ulong)i + 1);
        }

        await peer.RoundTripAsync();
        long id = Assert.Single(rig.Origin.Connections).Id;
        peer.End.Close();
        await rig.ExpectClosedForAsync(CloseReason.ServerClosed);
        await Eventually.IsTrue(() => metrics.Count("warmwire.client.allowance_used") == 1, "it is measured");
        MetricPoint used = Assert.Single(metrics.Of("warmwire.client.allowance_used", ("warmwire.frames", "PING frames")));
        Assert.InRange(used.Value, 0.2, 0.35);
        await Eventually.IsTrue(() => events.Payloads.Any(told => Equals(told[1], id) && Equals(told[2], "PING frames")), "the event");
    }

    [Fact]
    public async Task Names_that_are_resolved_again_are_counted()
    {
        using var metrics = new MetricCollector();
        using var rig = new NameRig(static _ => [NameRig.Address(1)]);
        await rig.Load(TimeSpan.FromMinutes(2), concurrently: 1);
        IReadOnlyList<MetricPoint> refreshed = metrics.Of("warmwire.client.name_refreshes", ("server.address", "a.test"));
        Assert.InRange(refreshed.Count, 3, 5);
        Assert.All(refreshed, static point => Assert.False(point.Tags.ContainsKey("error.type")));

        var answer = new TaskCompletionSource<IPAddress[]>();
        rig.ResolveAsync = (_, _) => answer.Task;
        for (int i = 0; i < 60 && rig.Pool.GetSnapshot().NamesRefreshing == 0; i++)
        {
            await rig.Exchange(concurrently: 1);
            rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, rig.Pool.GetSnapshot().NamesRefreshing);
        answer.SetException(new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound));
        await rig.Pass(TimeSpan.Zero);
        await Eventually.IsTrue(
            () => metrics.Points.Any(static point =>
                point.Instrument == "warmwire.client.name_refreshes" && point.Tags.ContainsKey("error.type")),
            "what came of it is counted");
    }

    private sealed class Listener : EventListener
    {
        private readonly ConcurrentQueue<IReadOnlyList<object?>> _payloads = new();

        public IEnumerable<IReadOnlyList<object?>> Payloads => _payloads;

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Warmwire")
            {
                EnableEvents(eventSource, EventLevel.Warning);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData is { EventSource.Name: "Warmwire", EventName: "AllowanceUsed", Payload: { } payload })
            {
                _payloads.Enqueue(payload);
            }
        }
    }
}
