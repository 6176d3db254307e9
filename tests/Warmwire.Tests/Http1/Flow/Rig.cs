using System.Text;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>A handler over a network of scripted peers, with every way in.</summary>
internal sealed class Rig : IDisposable
{
    public Rig(Action<PooledHttpHandler>? configure = null, MemoryTransportOptions? transport = null)
    {
        Network = new PeerNetwork(transport);
        Handler = Network.CreateHandler(configure);
        Client = new HttpClient(Handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        Invoker = new HttpMessageInvoker(Handler, disposeHandler: false);
    }

    public static Uri Uri { get; } = new("http://server.test/");

    public PeerNetwork Network { get; }

    public FakeTime Time => Network.Time;

    public PooledHttpHandler Handler { get; }

    public HttpClient Client { get; }

    public HttpMessageInvoker Invoker { get; }

    public OriginSnapshot Origin => Assert.Single(Handler.GetSnapshot().Origins);

    public static HttpRequestMessage Get(string path = "") => new(HttpMethod.Get, new Uri(Uri, path));

    public static HttpRequestMessage Post(HttpContent content) => new(HttpMethod.Post, Uri) { Content = content };

    /// <summary>A response in one string; the peer sends one byte per character.</summary>
    public static string Ok(string body) => $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    public static string Chunked(string rest) => $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{rest}";

    /// <summary>Sends through the handler alone: the response as soon as its head is there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        Guard.Within(Invoker.SendAsync(request, cancellationToken), () => $"a response; {Network}; {Handler.GetSnapshot()}");

    /// <summary>The first request on a new connection, answered with these bytes.</summary>
    public async Task<(HttpResponseMessage Response, ScriptedPeer Peer)> StartAsync(string answer, HttpRequestMessage? request = null)
    {
        Task<HttpResponseMessage> sending = SendAsync(request ?? Get());
        ScriptedPeer peer = await Network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync(answer);
        return (await sending, peer);
    }

    /// <summary>Leaves one connection idle.</summary>
    public async Task<ScriptedPeer> WarmUpAsync()
    {
        (HttpResponseMessage response, ScriptedPeer peer) = await StartAsync(Ok("warm"));
        Assert.Equal("warm", await response.Content.ReadAsStringAsync());
        Assert.Equal((1, 1), (Origin.Open, Origin.Idle));
        return peer;
    }

    /// <summary>The one connection there was is closed, for this reason and no other.</summary>
    public void AssertClosedFor(CloseReason reason)
    {
        OriginSnapshot origin = Origin;
        Assert.Equal([new KeyValuePair<CloseReason, long>(reason, 1)], origin.ClosedBy);
        Assert.Equal(0, origin.Open);
    }

    /// <summary>As <see cref="AssertClosedFor"/>, for what happens behind the caller's back.</summary>
    public async Task ExpectClosedForAsync(CloseReason reason)
    {
        await Eventually.IsTrue(() => Origin.Open == 0, $"the connection closes; {Origin}");
        AssertClosedFor(reason);
    }

    /// <summary>The exchange is over and its connection is idle.</summary>
    public void AssertIdle() => Assert.Equal((1, 1, 0), (Origin.Open, Origin.Idle, Origin.ClosedBy.Count));

    public Task ExpectIdleAsync() => Eventually.IsTrue(() => Origin is { Open: 1, Idle: 1 }, $"the connection becomes idle; {Origin}");

    /// <summary>The next request goes to a new connection and gets its own answer.</summary>
    public async Task AssertNextIsCleanAsync()
    {
        int dials = Network.DialCount;
        Task<HttpResponseMessage> sending = SendAsync(Get("next"));
        ScriptedPeer peer = await Network.AcceptAsync();
        Assert.Equal("/next", (await peer.AnswerAsync(200, "clean")).Target);
        using HttpResponseMessage response = await sending;
        Assert.Equal("clean", await response.Content.ReadAsStringAsync());
        Assert.Equal(dials + 1, Network.DialCount);
    }

    /// <summary>The next request goes over the connection that is there.</summary>
    public async Task AssertReusedAsync(ScriptedPeer peer)
    {
        int dials = Network.DialCount;
        Task<HttpResponseMessage> sending = SendAsync(Get("again"));
        Assert.Equal("/again", (await peer.AnswerAsync(200, "again")).Target);
        using HttpResponseMessage response = await sending;
        Assert.Equal("again", await response.Content.ReadAsStringAsync());
        Assert.Equal(dials, Network.DialCount);
    }

    public void Dispose()
    {
        Client.Dispose();
        Invoker.Dispose();
        Handler.Dispose();
    }
}

internal static class RigReading
{
    public static async Task<string> ReadTextAsync(this Stream stream, int bufferSize = 64)
    {
        byte[] buffer = new byte[bufferSize];
        int read = await Guard.Within(stream.ReadAsync(buffer).AsTask(), () => "a read of the body");
        return Encoding.Latin1.GetString(buffer, 0, read);
    }

    public static async Task<TException> ThrowsAsync<TException>(Func<Task> act)
        where TException : Exception =>
        await Assert.ThrowsAsync<TException>(() => Guard.Within(act(), () => $"a {typeof(TException).Name}"));
}
