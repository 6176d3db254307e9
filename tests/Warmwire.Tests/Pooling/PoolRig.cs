using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>A handler over scripted peers and fake time, with short words for what pool tests do all the time.</summary>
internal sealed class PoolRig : IDisposable
{
    public const string A = "http://a.test/";
    public const string B = "http://b.test/";
    public const string C = "http://c.test/";

    public PoolRig(Action<PooledHttpHandler>? configure = null, MemoryTransportOptions? transport = null, bool holdDials = false)
    {
        Network = new PeerNetwork(transport) { HoldDials = holdDials };
        Handler = Network.CreateHandler(configure);
        Invoker = new HttpMessageInvoker(Handler, disposeHandler: false);
    }

    public PeerNetwork Network { get; }

    public PooledHttpHandler Handler { get; }

    public HttpMessageInvoker Invoker { get; }

    public FakeTime Time => Network.Time;

    public PoolSnapshot Snapshot => Handler.GetSnapshot();

    /// <summary>The counts of all closes so far, over all origins.</summary>
    public Dictionary<CloseReason, long> ClosedBy => Sum(Snapshot, origin => origin.ClosedBy);

    public Dictionary<DialReason, long> DialedBy => Sum(Snapshot, origin => origin.DialedBy);

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    public static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    public static HttpRequestMessage Request(HttpMethod method, string url = A, HttpContent? content = null) =>
        new(method, url) { Content = content };

    /// <summary>Sends; the response comes with its head, its body is not read.</summary>
    public Task<HttpResponseMessage> Send(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        Invoker.SendAsync(request, cancellationToken);

    public Task<HttpResponseMessage> Get(string url = A, CancellationToken cancellationToken = default) =>
        Send(new HttpRequestMessage(HttpMethod.Get, url), cancellationToken);

    /// <summary>Awaits, but not for ever.</summary>
    public Task<T> Done<T>(Task<T> task) => Guard.Within(task, () => $"Not done; {Network}\n{Snapshot}");

    public Task Done(Task task) => Guard.Within(task, () => $"Not done; {Network}\n{Snapshot}");

    public async Task<TransportException> Fails(Task task)
    {
        await Done(Task.WhenAny(task));
        return await Assert.ThrowsAsync<TransportException>(() => task);
    }

    public Task<TaskCanceledException> IsCancelled(Task task) => Assert.ThrowsAsync<TaskCanceledException>(() => Done(task));

    public Task Until(
        Func<PoolSnapshot, bool> condition,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string? what = null) =>
        Eventually.IsTrue(() => condition(Snapshot), $"{what}; {Network}\n{Snapshot}");

    /// <summary>A request that is with its peer and not answered.</summary>
    public async Task<(Task<HttpResponseMessage> Response, ScriptedPeer Peer)> Busy(
        string url = A, CancellationToken cancellationToken = default)
    {
        Task<HttpResponseMessage> response = Get(url, cancellationToken);
        ScriptedPeer peer = await Network.AcceptAsync();
        await peer.ReadRequestAsync();
        return (response, peer);
    }

    /// <summary>Answers what <see cref="Busy"/> sent.</summary>
    public async Task Finish((Task<HttpResponseMessage> Response, ScriptedPeer Peer) busy, params string[] headers)
    {
        await busy.Peer.SendResponseAsync(headers: headers);
        (await Done(busy.Response)).Dispose();
    }

    /// <summary>
    /// Opens connections side by side, each by a request of its own, and releases them in order: the first is the least recently
    /// used.
    /// </summary>
    public async Task<ScriptedPeer[]> OpenIdle(int count = 1, string url = A, params string[] headers)
    {
        var busy = new List<(Task<HttpResponseMessage> Response, ScriptedPeer Peer)>();
        for (int i = 0; i < count; i++)
        {
            busy.Add(await Busy(url));
        }

        foreach ((Task<HttpResponseMessage> Response, ScriptedPeer Peer) one in busy)
        {
            await Finish(one, headers);
            Time.Advance(Ms(1));
        }

        return [.. busy.Select(one => one.Peer)];
    }

    /// <summary>A whole exchange on an open connection.</summary>
    public async Task<TransportConnectionInfo> Exchange(ScriptedPeer peer, string url = A)
    {
        Task<HttpResponseMessage> response = Get(url);
        await peer.AnswerAsync();
        using HttpResponseMessage answer = await Done(response);
        return answer.GetConnectionInfo()!;
    }

    /// <summary>Answers whatever comes on this connection, in the background, until it ends.</summary>
    public static void Serve(ScriptedPeer peer) => _ = Task.Run(async () =>
    {
        while (true)
        {
            await peer.AnswerAsync();
        }
    });

    /// <summary>The same for every connection to come.</summary>
    public void ServeAll() => _ = Task.Run(async () =>
    {
        while (true)
        {
            Serve(await Network.AcceptAsync());
        }
    });

    public OriginSnapshot Origin(string url = A)
    {
        var uri = new Uri(url);
        return Snapshot.Origins.Single(origin => origin.Origin == $"{uri.Scheme}://{uri.IdnHost}:{uri.Port}");
    }

    /// <summary>Fails unless these are the closes so far.</summary>
    /// <remarks>
    /// A connection is counted as closed right after its stream is, so a test that has seen the end of the stream may be a moment early.
    /// </remarks>
    public void AssertClosed(params (CloseReason Reason, long Count)[] expected)
    {
        var counts = expected.ToDictionary(one => one.Reason, one => one.Count);
        long sum = counts.Values.Sum();
        SpinWait.SpinUntil(() => ClosedBy.Values.Sum() >= sum, Guard.Limit);
        Assert.Equal(counts, ClosedBy);
    }

    public void Dispose()
    {
        Invoker.Dispose();
        Handler.Dispose();
    }

    private static Dictionary<T, long> Sum<T>(PoolSnapshot snapshot, Func<OriginSnapshot, IReadOnlyDictionary<T, long>> counts)
        where T : notnull =>
        snapshot.Origins.SelectMany(counts).GroupBy(one => one.Key).ToDictionary(group => group.Key, group => group.Sum(one => one.Value));
}
