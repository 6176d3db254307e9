using System.Net;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Exchange;

/// <summary>
/// Brings one request to a place in its life where it waits, over scripted peers. The setters come before the one call that does it.
/// </summary>
internal sealed class RequestTimeoutScene : IDisposable
{
    private static readonly Uri s_plain = new("http://server.test/");
    private static readonly Uri s_secure = new("https://server.test/");

    private readonly PeerNetwork _network = new(new MemoryTransportOptions { WriteCapacity = 1000 });
    private readonly HttpMessageInvoker _invoker;

    public RequestTimeoutScene(TimeSpan requestTimeout)
    {
        Handler = _network.CreateHandler(handler =>
        {
            handler.RequestTimeout = requestTimeout;
            handler.Expect100ContinueTimeout = TimeSpan.FromHours(1);
            handler.SslOptions = TestCertificates.Trusting();
        });
        _invoker = new HttpMessageInvoker(Handler, disposeHandler: false);
    }

    public PooledHttpHandler Handler { get; }

    public FakeTime Time => _network.Time;

    /// <summary><see cref="TransportOptions.Timeout"/> of the request.</summary>
    public TimeSpan? Option { get; set; }

    /// <summary>Who has the request, where somebody has it.</summary>
    public ScriptedPeer Peer { get; private set; } = null!;

    /// <summary>What is pending when the request has come to where this method of the scene takes it.</summary>
    public Task<Task> Reach(string place) => (Task<Task>)typeof(RequestTimeoutScene).GetMethod(place)!.Invoke(this, null)!;

    public async Task<Task> InTheQueue()
    {
        Handler.MaxConnectionsPerServer = 1;
        HttpRequestMessage first = new(HttpMethod.Get, s_plain);
        first.Options.Set(TransportOptions.Timeout, Timeout.InfiniteTimeSpan);
        _ = _invoker.SendAsync(first, default);
        await (await _network.AcceptAsync()).ReadRequestAsync();
        return Send();
    }

    public async Task<Task> InTheLookUp()
    {
        var asked = new TaskCompletionSource();
        Handler.ConnectCallback = null;
        Handler.ResolveNames = (_, _) =>
        {
            asked.SetResult();
            return new TaskCompletionSource<IPAddress[]>().Task;
        };
        Task<HttpResponseMessage> sending = Send();
        await Guard.Within(asked.Task, () => "a look-up");
        return sending;
    }

    public async Task<Task> InTheConnect()
    {
        _network.HoldDials = true;
        Task<HttpResponseMessage> sending = Send();
        await _network.NextDialAsync();
        return sending;
    }

    /// <summary>A request for HTTP/2 or less shares the dial that another has asked for.</summary>
    public async Task<Task> BehindTheDialOfAnother()
    {
        _network.HoldDials = true;
        HttpRequestMessage first = new(HttpMethod.Get, s_secure) { Version = HttpVersion.Version20 };
        first.Options.Set(TransportOptions.Timeout, Timeout.InfiniteTimeSpan);
        _ = _invoker.SendAsync(first, default);
        await _network.NextDialAsync();
        return Send(new HttpRequestMessage(HttpMethod.Get, s_secure) { Version = HttpVersion.Version20 });
    }

    public async Task<Task> InTheTunnel()
    {
        Proxied();
        Task<HttpResponseMessage> sending = Send(new HttpRequestMessage(HttpMethod.Get, s_secure));
        Peer = await _network.AcceptAsync();
        await Peer.ReadHeadAsync();
        return sending;
    }

    public async Task<Task> InTheHandshake()
    {
        Task<HttpResponseMessage> sending = Send(new HttpRequestMessage(HttpMethod.Get, s_secure));
        Peer = await _network.AcceptAsync();
        await Peer.ReadExactlyAsync(1);
        return sending;
    }

    public async Task<Task> InTheUpload()
    {
        Task<HttpResponseMessage> sending = Send(Post(100_000));
        Peer = await _network.AcceptAsync();
        await Peer.ReadRequestHeadAsync();
        return sending;
    }

    public async Task<Task> BeforeContinue()
    {
        HttpRequestMessage request = Post(10);
        request.Headers.ExpectContinue = true;
        Task<HttpResponseMessage> sending = Send(request);
        Peer = await _network.AcceptAsync();
        await Peer.ReadRequestHeadAsync();
        await Eventually.IsTrue(() => Peer.End.IsClientReading, "the client waits for the answer");
        return sending;
    }

    public async Task<Task> BeforeTheHead()
    {
        Task<HttpResponseMessage> sending = Send();
        await AcceptedAsync();
        return sending;
    }

    public async Task<Task> BehindARedirect()
    {
        Task<HttpResponseMessage> sending = Send();
        await AcceptedAsync();
        await Peer.SendResponseAsync(302, "", "Location: /moved");
        await AtThePeerAsync();
        return sending;
    }

    public async Task<Task> BehindAChallenge()
    {
        Handler.Credentials = new NetworkCredential("user", "secret");
        Task<HttpResponseMessage> sending = Send();
        await AcceptedAsync();
        await Peer.SendResponseAsync(401, "", "WWW-Authenticate: Basic realm=a");
        await AtThePeerAsync();
        return sending;
    }

    public async Task<Task> BehindARefusalOfTheProxy()
    {
        Proxied(new NetworkCredential("user", "secret"));
        Task<HttpResponseMessage> sending = Send();
        await AcceptedAsync();
        await Peer.SendResponseAsync(407, "", "Proxy-Authenticate: Basic realm=a");
        await AtThePeerAsync();
        return sending;
    }

    public async Task<Task> BehindAReplay()
    {
        Task<HttpResponseMessage> warming = Send();
        await AcceptedAsync();
        await Peer.SendResponseAsync();
        (await warming).Dispose();
        Task<HttpResponseMessage> sending = Send();
        await AtThePeerAsync();
        Peer.Close();
        await AcceptedAsync();
        return sending;
    }

    public async Task<Task> InSynchronousSend()
    {
        HttpRequestMessage request = Timed(new HttpRequestMessage(HttpMethod.Get, s_plain));
        Task<HttpResponseMessage> sending = Task.Run(() => _invoker.Send(request, default));
        await AcceptedAsync();
        return sending;
    }

    public async Task<Task> InTheBody()
    {
        Task<HttpResponseMessage> sending = Send();
        await AcceptedAsync();
        await Peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        Stream body = await (await sending).Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[5]);
        return body.ReadAsync(new byte[10]).AsTask();
    }

    public async Task<Task> InTheBodyOfABufferingClient()
    {
        var client = new HttpClient(Handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        Task<HttpResponseMessage> sending = client.SendAsync(Timed(new HttpRequestMessage(HttpMethod.Get, s_plain)));
        await AcceptedAsync();
        await Peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        await Eventually.IsTrue(() => Handler.GetSnapshot().Origins[0].Connections[0].State == "Body", "the body is read");
        return sending;
    }

    public void Dispose()
    {
        _invoker.Dispose();
        Handler.Dispose();
    }

    private static HttpRequestMessage Post(int bytes) =>
        new(HttpMethod.Post, s_plain) { Content = new ByteArrayContent(new byte[bytes]) };

    private void Proxied(ICredentials? credentials = null)
    {
        Handler.UseProxy = true;
        Handler.Proxy = new WebProxy("http://proxy.test:3128") { Credentials = credentials };
    }

    private Task<HttpResponseMessage> Send(HttpRequestMessage? request = null) =>
        Guard.Within(_invoker.SendAsync(Timed(request ?? new HttpRequestMessage(HttpMethod.Get, s_plain)), default), () => "an end");

    private HttpRequestMessage Timed(HttpRequestMessage request)
    {
        if (Option is { } option)
        {
            request.Options.Set(TransportOptions.Timeout, option);
        }

        return request;
    }

    private async Task AcceptedAsync()
    {
        Peer = await _network.AcceptAsync();
        await AtThePeerAsync();
    }

    private async Task AtThePeerAsync()
    {
        await Peer.ReadRequestAsync();
        await Eventually.IsTrue(() => Peer.End.IsClientReading, "the client waits for the answer");
    }
}
