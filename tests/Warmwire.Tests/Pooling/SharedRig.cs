using System.Collections.Concurrent;
using System.Net;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>A pool of <see cref="StubMultiplexedConnection"/>s, or of both kinds; dials end when the test says so, or at once.</summary>
internal sealed class SharedRig : IDisposable
{
    public const string Host = "a.test";

    private readonly TestMeterFactory _meters = new();
    private readonly HandlerSettings _settings;
    private readonly Queue<TaskCompletionSource> _dials = [];
    private readonly ConcurrentDictionary<string, bool> _toldHttp1 = new(StringComparer.Ordinal);

    public SharedRig(Action<HandlerSettings>? configure = null, bool holdDials = false, int limit = 100)
    {
        Limit = limit;
        HoldDials = holdDials;
        _settings = new HandlerSettings
        {
            TimeProvider = Time,
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            ConnectCallback = ConnectAsync,
            MeterFactory = _meters,
        };
        configure?.Invoke(_settings);
        Metrics = new MetricCollector(_meters);
        Pool = new ConnectionPool(new ConnectionServices(_settings),
            new PoolEvents(TransportMetrics.For(_settings.MeterFactory), Time)) { MakeConnection = Make };
    }

    public FakeTime Time { get; } = new();

    public ConnectionPool Pool { get; }

    public MetricCollector Metrics { get; }

    /// <summary>The stream limit that new connections begin with.</summary>
    public int Limit { get; set; }

    /// <summary>Whether what is dialed next speaks HTTP/2.</summary>
    public bool Http2 { get; set; } = true;

    public bool HoldDials { get; set; }

    /// <summary>The address that connections lead to, if the name is to be followed.</summary>
    public IPAddress? ResolvedAddress { get; init; }

    /// <summary>Runs on each new connection before the pool knows it.</summary>
    public Action<StubMultiplexedConnection>? OnMade { get; set; }

    public List<StubMultiplexedConnection> Shared { get; } = [];

    public List<StubConnection> Single { get; } = [];

    public int PendingDials
    {
        get
        {
            lock (_dials)
            {
                return _dials.Count;
            }
        }
    }

    public OriginSnapshot Origin => Pool.GetSnapshot().Origins.Single(origin => origin.Origin.Contains(Host, StringComparison.Ordinal));

    /// <summary>
    /// Where the protocol is not asked for: a connection made by a callback has no TLS here, so the key stands for what TLS would tell.
    /// </summary>
    public static RouteIdentity RouteTo(string host = Host, ProtocolOffer protocols = ProtocolOffer.Http2OrHttp1) =>
        new(isTls: false, host, 80, tlsHost: null, clientCertificate: null, protocols);

    public Attempt Attempt(bool exact = false, int replays = 0, CancellationToken token = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "https://a.test/")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = exact ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
        return new Attempt(new AttemptRequest(request, RequestSettings.Defaults(_settings), token) { Replays = replays });
    }

    /// <summary>Asks for a connection.</summary>
    public Task<HttpConnection> Ask(Attempt? attempt = null, string host = Host, ProtocolOffer protocols = ProtocolOffer.Http2OrHttp1) =>
        Pool.LeaseAsync(RouteTo(host, protocols), attempt ?? Attempt(), replacementFor: null).AsTask();

    public Task<HttpConnection>[] AskFor(int count) => [.. Enumerable.Range(0, count).Select(_ => Ask())];

    public async Task<StubMultiplexedConnection> Lease(Attempt? attempt = null, string host = Host) =>
        (StubMultiplexedConnection)await Done(Ask(attempt, host));

    public Task<T> Done<T>(Task<T> task) => Guard.Within(task, () => $"Waited for a connection; {Pool.GetSnapshot()}");

    public async Task<TransportException> Fails(Task<HttpConnection> connection) =>
        await Assert.ThrowsAsync<TransportException>(() => Done(connection));

    /// <summary>Whether the last dial to this origin told HTTP/1.1.</summary>
    public bool ToldHttp1(string origin) => _toldHttp1.GetValueOrDefault(origin);

    /// <summary>Waits until dials have begun: one that is not needed any more when its turn comes does not begin.</summary>
    public void UntilDialsBegan(int count) =>
        Assert.True(SpinWait.SpinUntil(() => PendingDials >= count, Guard.Limit), "the dials do not begin");

    /// <summary>Ends the dial that waits longest.</summary>
    public void EndDial(Exception? failure = null)
    {
        Assert.True(SpinWait.SpinUntil(() => PendingDials > 0, Guard.Limit), "no dial is under way");
        TaskCompletionSource dial;
        lock (_dials)
        {
            dial = _dials.Dequeue();
        }

        if (failure is null)
        {
            dial.SetResult();
        }
        else
        {
            dial.SetException(failure);
        }
    }

    /// <summary>Waits for what the end of a dial brings about on another thread.</summary>
    public void Until(Func<OriginSnapshot, bool> holds) =>
        Assert.True(SpinWait.SpinUntil(() => holds(Origin), Guard.Limit), $"It does not come to it: {Origin}");

    /// <summary>Opens one connection for each of these numbers, with as many exchanges on it. All have the same limit.</summary>
    public async Task<StubMultiplexedConnection[]> OpenBusy(params int[] streams)
    {
        int limit = Limit;
        var open = new List<StubMultiplexedConnection>();
        Limit = 1;
        foreach (int _ in streams)
        {
            // Each is full with its first exchange, so the next is opened.
            open.Add(await Lease());
        }

        Limit = limit;
        foreach (StubMultiplexedConnection connection in open)
        {
            connection.Limit(limit);
        }

        for (int i = 0; i < streams.Length; i++)
        {
            open[i].Suspend();
        }

        for (int i = 0; i < streams.Length; i++)
        {
            open[i].Resume();
            for (int more = 1; more < streams[i]; more++)
            {
                Assert.Same(open[i], await Lease());
            }

            if (streams[i] == 0)
            {
                open[i].End();
            }

            open[i].Suspend();
        }

        foreach (StubMultiplexedConnection connection in open)
        {
            connection.Resume();
        }

        return [.. open];
    }

    /// <summary>Measurements are made outside the gate, so the one that makes up for another may still be on its way.</summary>
    public void AssertCounted(int active, int idle, int streams)
    {
        (long, long, long) expected = (active, idle, streams);
        SpinWait.SpinUntil(() => Counted() == expected, Guard.Limit);
        Assert.Equal(expected, Counted());

        (long, long, long) Counted() => (
            (long)Metrics.Sum("http.client.open_connections", ("http.connection.state", "active")),
            (long)Metrics.Sum("http.client.open_connections", ("http.connection.state", "idle")),
            (long)Metrics.Sum("warmwire.client.active_streams"));
    }

    public void Dispose()
    {
        Pool.Dispose();
        Metrics.Dispose();
        _meters.Dispose();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken token)
    {
        if (HoldDials)
        {
            var dial = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_dials)
            {
                _dials.Enqueue(dial);
            }

            await dial.Task.WaitAsync(token).ConfigureAwait(false);
        }

        return Stream.Null;
    }

    private HttpConnection Make(Route key, DialedStream dialed, IMultiplexedConnectionOwner owner, ConnectionServices services)
    {
        _toldHttp1[key.Origin] = !Http2;
        if (!Http2)
        {
            var single = new StubConnection(key, dialed, owner, services);
            lock (Single)
            {
                Single.Add(single);
            }

            return single;
        }

        dialed = new DialedStream { Stream = dialed.Stream, IsHttp2 = true, ResolvedAddress = ResolvedAddress };
        var shared = new StubMultiplexedConnection(key, dialed, owner, services, Limit);
        OnMade?.Invoke(shared);
        lock (Shared)
        {
            Shared.Add(shared);
        }

        return shared;
    }
}
