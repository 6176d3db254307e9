using System.Net;
using System.Reflection;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;

namespace Warmwire.Tests.Parity;

/// <summary>
/// Where a scenario is played: makes the handler under test with the same settings for both kinds, and keeps what is told.
/// </summary>
internal sealed class ParityStage(HandlerKind kind) : IDisposable
{
    private readonly List<IDisposable> _made = [];

    public HandlerKind Kind => kind;

    public bool IsOurs => kind == HandlerKind.PooledHttpHandler;

    public ParityOutcome Outcome { get; } = new();

    /// <summary>
    /// Peers in memory in place of TCP, for what is about messages and not about sockets; handlers made by <see cref="CreateOverMemory"/>
    /// dial it.
    /// </summary>
    public PeerNetwork Network { get; } = new();

    /// <summary>
    /// A handler without proxy, cookies and trace headers that trusts the test's certificate, with these settings on top.
    /// </summary>
    /// <param name="settings">An anonymous object; each property is a setting of both handlers.</param>
    public HttpMessageHandler Create(object? settings = null)
    {
        HttpMessageHandler handler = IsOurs ? new PooledHttpHandler() : new SocketsHttpHandler();
        _made.Add(handler);
        Set(handler, nameof(SocketsHttpHandler.UseProxy), false);
        Set(handler, nameof(SocketsHttpHandler.UseCookies), false);
        // a listener elsewhere in the process would write into the requests
        Set(handler, nameof(SocketsHttpHandler.ActivityHeadersPropagator), null);
        Set(handler, nameof(SocketsHttpHandler.SslOptions), TestCertificates.Trusting());
        foreach (PropertyInfo setting in settings?.GetType().GetProperties() ?? [])
        {
            Set(handler, setting.Name, setting.GetValue(settings));
        }

        return handler;
    }

    /// <summary>A handler as <see cref="Create"/> makes it that connects to <see cref="Network"/>.</summary>
    public HttpMessageHandler CreateOverMemory(object? settings = null)
    {
        HttpMessageHandler handler = Create(settings);
        Set(handler, nameof(SocketsHttpHandler.ConnectCallback), new Func<SocketsHttpConnectionContext, CancellationToken,
            ValueTask<Stream>>(Network.ConnectAsync));
        return handler;
    }

    /// <summary>
    /// A handler of its own and an invoker over it: responses come with their head, and no time limit of a client applies.
    /// </summary>
    public HttpMessageInvoker Invoker(object? settings = null) => new(Create(settings), disposeHandler: false);

    public HttpMessageInvoker InvokerOverMemory(object? settings = null) => new(CreateOverMemory(settings), disposeHandler: false);

    public HttpClient Client(object? settings = null) => new(Create(settings), disposeHandler: false);

    /// <summary>The server of the next connection in memory, with HTTP/2 spoken and settings exchanged.</summary>
    public async Task<Http2Peer> AcceptHttp2Async(params (PeerSetting Setting, uint Value)[] settings)
    {
        var peer = new Http2Peer((await Network.AcceptAsync()).End);
        await peer.HandshakeAsync(settings);
        return peer;
    }

    public static HttpRequestMessage Get(Uri uri) => new(HttpMethod.Get, uri);

    public static HttpRequestMessage Get(string uri) => new(HttpMethod.Get, uri);

    public static HttpRequestMessage Http2(HttpMethod method, HttpContent? content = null, string uri = "http://server.test/") =>
        new(method, uri)
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = content,
    };

    /// <summary>A task that must end within the guard's limit.</summary>
    public static Task<T> Soon<T>(Task<T> task, string what) => Guard.Within(task, () => what);

    public static Task Soon(Task task, string what) => Guard.Within(task, () => what);

    /// <summary>Does not keep the handler any more: the test wants to see it collected, or ends it by itself.</summary>
    public void Forget(HttpMessageHandler handler) => _made.Remove(handler);

    /// <summary>Collects garbage until the condition holds, for at most two seconds.</summary>
    public static async Task<bool> CollectUntilAsync(Func<bool> condition)
    {
        for (int i = 0; i < 40 && !condition(); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            // Real time: a poll, since what the collector leaves behind ends on other threads, at its own time.
            await Task.Delay(50).ConfigureAwait(false);
        }

        return condition();
    }

    public void Dispose()
    {
        foreach (IDisposable made in _made)
        {
            made.Dispose();
        }
    }

    private static void Set(HttpMessageHandler handler, string setting, object? value)
    {
        PropertyInfo property = handler.GetType().GetProperty(setting)
            ?? throw new InvalidOperationException($"{handler.GetType().Name} has no setting {setting}.");
        try
        {
            property.SetValue(handler, value);
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            throw e.InnerException;
        }
    }
}
