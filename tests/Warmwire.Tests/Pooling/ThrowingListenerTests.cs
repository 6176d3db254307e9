using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Net;
using System.Runtime.CompilerServices;
using Warmwire.Connections;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>Listeners of metrics and events that throw at everything the pool tells them: the pool goes on as if they did not.</summary>
public sealed class ThrowingListenerTests : IDisposable
{
    private const string Host = "throwing-listener.test";

    private readonly TestMeterFactory _meters = new();
    private readonly ConcurrentDictionary<string, double> _sums = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _events = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<int> _leakThreads = new();
    private readonly MeterListener _metrics = new();
    private readonly ThrowingEvents _log;
    private int _failures;

    public ThrowingListenerTests()
    {
        _metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == _meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _metrics.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Throw(instrument, value, tags));
        _metrics.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Throw(instrument, value, tags));
        _metrics.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Throw(instrument, value, tags));
        _metrics.Start();
        _log = new ThrowingEvents(this);
    }

    public void Dispose()
    {
        _log.Dispose();
        _metrics.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public async Task Requests_are_served_and_the_counts_come_back_to_zero()
    {
        using (StubRig rig = Rig())
        {
            StubConnection first = await rig.Lease(Host);
            StubConnection second = await rig.Lease(Host, replays: 1);
            Task<StubConnection> third = rig.Lease(Host);
            Assert.Equal(1, rig.Origin.Pending);
            first.Release();
            Assert.Same(first, await third);
            second.Release();
            Assert.Same(second, await rig.Lease(Host));

            Interlocked.Exchange(ref _failures, 1);
            first.Close(CloseReason.ServerClosed);
            await Assert.ThrowsAsync<TransportException>(() => rig.Lease(Host));
            second.Release();
            rig.Time.Advance(TimeSpan.FromSeconds(95));
            Assert.Equal((0, 0, 0, 0), (rig.Origin.Open, rig.Origin.Idle, rig.Origin.Dialing, rig.Origin.Pending));
            Assert.Equal(1, rig.Origin.DialsFailed);
        }

        Assert.All(_sums.Where(static sum => sum.Key.StartsWith("http.client.open_connections", StringComparison.Ordinal)), static sum =>
            Assert.Equal(0, sum.Value));
        Assert.Contains("http.client.open_connections idle", _sums.Keys);
        Assert.Contains("http.client.open_connections active", _sums.Keys);
        string[] expected = ["ConnectionClosed", "ConnectionOpened", "DialFailed", "DialStarted", "RequestQueued", "RequestReplayed"];
        Assert.Equal(expected, _events.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Slots_come_back_to_zero()
    {
        using (var rig = new SharedRig(settings =>
        {
            settings.MeterFactory = _meters;
            settings.MaxConnectionsPerServer = 1;
        }))
        {
            StubMultiplexedConnection connection = await rig.Lease(host: Host);
            Assert.Same(connection, await rig.Lease(host: Host));
            connection.OnLease = static _ => false;
            connection.Suspend();
            Task<HttpConnection> waiting = rig.Ask(host: Host);
            connection.OnLease = null;
            connection.Resume();
            Assert.Same(connection, await rig.Done(waiting));
            connection.End();
            connection.Retire();
            connection.End();
            connection.End();
            Assert.Equal(CloseReason.GoAway, connection.ClosedFor);
        }

        Assert.All(_sums.Where(static sum => sum.Key.Contains("active_streams", StringComparison.Ordinal)), static sum =>
            Assert.Equal(0, sum.Value));
        Assert.Contains("warmwire.client.active_streams ", _sums.Keys);
    }

    [Fact]
    public async Task A_leaked_response_is_told_by_the_pool_and_not_by_the_finalizer()
    {
        using StubRig rig = Rig();
        StubConnection connection = await rig.Lease(Host);
        int finalizer = Environment.CurrentManagedThreadId;
        var thread = new Thread(() =>
        {
            finalizer = Environment.CurrentManagedThreadId;
            connection.Owner.ResponseLeaked(connection, "where it was sent");
        });
        thread.Start();
        thread.Join();
        await Eventually.IsTrue(() => _events.ContainsKey("ResponseLeaked") && rig.Origin.LeakedResponses == 1, "it is told");
        Assert.NotEmpty(_leakThreads);
        Assert.DoesNotContain(finalizer, _leakThreads);
        connection.Release();
        Assert.Same(connection, await rig.Lease(Host));
    }

    /// <summary>A real collection: what a listener threw on the finalizer's thread ended the process.</summary>
    [Fact]
    public async Task A_response_that_is_collected_gives_its_connection_back()
    {
        using var rig = new PoolRig(handler => handler.MeterFactory = _meters);
        const string Url = $"http://{Host}/";
        ScriptedPeer peer = await LeakAsync(rig, Url);
        await CollectAsync(() => rig.Snapshot.Origins[0].LeakedResponses == 1);
        await peer.SendAsync("0\r\n\r\n");
        await rig.Until(static snapshot => snapshot.Idle == 1);
        Assert.True((await rig.Exchange(peer, Url)).Reused);
        await AssertLeakWasToldAsync();
    }

    /// <inheritdoc cref="A_response_that_is_collected_gives_its_connection_back"/>
    [Fact]
    public async Task A_response_that_is_collected_gives_its_stream_back()
    {
        using var rig = new Http2Rig(handler => handler.MeterFactory = _meters);
        Http2Peer peer = await LeakAsync(rig);
        await CollectAsync(() => rig.Origin.LeakedResponses == 1);
        await Eventually.IsTrue(() => rig.Origin.StreamsActive == 0, "the stream is given back");
        OpenRequest next = await rig.OpenAsync(peer, Http2Get());
        await next.AnswerAsync();
        rig.AssertOneOpen();
        await AssertLeakWasToldAsync();
    }

    [Fact]
    public async Task A_listener_that_sends_a_request_and_waits_for_it_has_it()
    {
        using StubRig rig = Rig();
        StubConnection? inner = null;
        _log.OnDialStarted = () => inner ??= Task.Run(() => rig.Lease("other." + Host)).GetAwaiter().GetResult();
        StubConnection outer = await rig.Lease(Host);
        await Eventually.IsTrue(() => Volatile.Read(ref inner) is not null, "the listener has its connection");
        Assert.NotSame(outer, inner);
    }

    private static HttpRequestMessage Http2Get() => new(HttpMethod.Get, $"http://{Host}/")
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<ScriptedPeer> LeakAsync(PoolRig rig, string url)
    {
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy(url);
        await peer.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        await response;
        return peer;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<Http2Peer> LeakAsync(Http2Rig rig)
    {
        OpenRequest open = await rig.StartAsync(Http2Get());
        await open.AnswerHeadAsync();
        return open.Peer;
    }

    private static Task CollectAsync(Func<bool> until) => Eventually.IsTrue(
        () =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return until();
        },
        "the garbage collector finds the response");

    private Task AssertLeakWasToldAsync() => Eventually.IsTrue(
        () => _events.ContainsKey("ResponseLeaked") && _sums.ContainsKey("warmwire.client.leaked_responses "),
        "both listeners were told, and have thrown");

    private StubRig Rig() => new(settings =>
    {
        settings.MeterFactory = _meters;
        settings.MaxConnectionsPerServer = 2;
        settings.ConnectCallback = (_, _) => Volatile.Read(ref _failures) > 0 ? throw new IOException("no network")
            : ValueTask.FromResult(Stream.Null);
    });

    private void Throw<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string state = "";
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            state = tag.Key == "http.connection.state" ? (string)tag.Value! : state;
        }

        double change = Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture);
        _sums.AddOrUpdate($"{instrument.Name} {state}", change, (_, sum) => sum + change);
        throw new InvalidOperationException($"a listener of {instrument.Name}");
    }

    /// <summary>The log is the process's: only what names the host of these tests is thrown at.</summary>
    private sealed class ThrowingEvents(ThrowingListenerTests test) : EventListener
    {
        public Action? OnDialStarted { get; set; }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Warmwire")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (test is null || eventData.Payload is not [string origin, ..] || !origin.Contains(Host, StringComparison.Ordinal))
            {
                return;
            }

            test._events.AddOrUpdate(eventData.EventName!, 1, static (_, count) => count + 1);
            switch (eventData.EventName)
            {
                case "ResponseLeaked":
                    test._leakThreads.Enqueue(Environment.CurrentManagedThreadId);
                    break;
                case "DialStarted" when !origin.Contains("other.", StringComparison.Ordinal):
                    OnDialStarted?.Invoke();
                    break;
                default:
                    break;
            }

            throw new InvalidOperationException($"a listener of {eventData.EventName}");
        }
    }
}
