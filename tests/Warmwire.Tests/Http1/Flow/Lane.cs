using System.Reflection;
using System.Runtime.ExceptionServices;
using Warmwire.Connections;
using Warmwire.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// A handler over scripted sockets, on a thread of its own: requests, answers and what goes on behind them run within the calls of the
/// test, one after another. So the test decides about every interleaving, and which objects are used again is no chance: what a thread
/// keeps stays on it.
/// </summary>
internal sealed class Lane : IDisposable
{
    private static readonly FieldInfo s_spareAttempt = typeof(Attempt).GetField("t_spare", BindingFlags.NonPublic | BindingFlags.Static)!;
    private static readonly FieldInfo s_spareExchange =
        typeof(Http1Exchange).GetField("t_spare", BindingFlags.NonPublic | BindingFlags.Static)!;

    private readonly List<ScriptedSocket> _sockets = [];
    private readonly HttpMessageInvoker _invoker;

    public Lane(Action<PooledHttpHandler>? configure = null)
    {
        Handler = new PooledHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            TimeProvider = Time,
            ConnectCallback = (_, _) =>
            {
                var socket = new ScriptedSocket();
                lock (_sockets)
                {
                    _sockets.Add(socket);
                }

                return ValueTask.FromResult<Stream>(socket);
            },
        };
        configure?.Invoke(Handler);
        _invoker = new HttpMessageInvoker(Handler, disposeHandler: false);
    }

    public static Uri Uri { get; } = new("http://server.test/");

    /// <summary>What this thread keeps for the next request, if anything.</summary>
    public static object? SpareAttempt => s_spareAttempt.GetValue(null);

    public static object? SpareExchange => s_spareExchange.GetValue(null);

    public FakeTime Time { get; } = new();

    public PooledHttpHandler Handler { get; }

    public OriginSnapshot Origin => Assert.Single(Handler.GetSnapshot().Origins);

    public int Dialed
    {
        get
        {
            lock (_sockets)
            {
                return _sockets.Count;
            }
        }
    }

    /// <summary>The connection that was dialed last.</summary>
    public ScriptedSocket Socket
    {
        get
        {
            lock (_sockets)
            {
                return _sockets[^1];
            }
        }
    }

    /// <summary>Runs a test on a thread that keeps nothing yet and has no synchronization context.</summary>
    public static void Run(Action<Lane> test, Action<PooledHttpHandler>? configure = null)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var lane = new Lane(configure);
                test(lane);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        Assert.True(thread.Join(6 * Guard.Limit), "the test hangs");
        failure?.Throw();
    }

    public static string Ok(string body) => $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    public static HttpRequestMessage Get(string path = "") => new(HttpMethod.Get, new Uri(Uri, path));

    public Task<HttpResponseMessage> Send(CancellationToken cancellationToken = default) => Send(Get(), cancellationToken);

    public Task<HttpResponseMessage> Send(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        _invoker.SendAsync(request, cancellationToken);

    /// <summary>Answers the request that is under way on the newest connection.</summary>
    public void Answer(string answer)
    {
        WaitFor(() => Socket.IsReading, "the client waits for an answer");
        Socket.Send(answer);
    }

    /// <summary>Leaves one connection idle; what this thread keeps afterwards was used for it.</summary>
    public ScriptedSocket WarmUp()
    {
        for (int i = 0; i < 3; i++)
        {
            Exchange("warm");
        }

        Assert.Equal((1, 1), (Dialed, Origin.Idle));
        Assert.NotNull(SpareAttempt);
        Assert.NotNull(SpareExchange);
        return Socket;
    }

    /// <summary>One ordinary request, which gets its own answer, on the idle connection or on a new one.</summary>
    public void Exchange(string body)
    {
        Task<HttpResponseMessage> sent = Send();
        WaitFor(() => Dialed > 0 && Socket.IsReading, "the client waits for an answer");
        Socket.Send(Ok(body));
        Assert.Equal(body, TextOf(sent));
    }

    /// <summary>The text of a response that is here.</summary>
    public static string TextOf(Task<HttpResponseMessage> sent)
    {
        using HttpResponseMessage response = Done(sent);
        Task<string> text = response.Content.ReadAsStringAsync();
        Assert.True(text.Wait(Guard.Limit), "the body comes");
        return text.Result;
    }

    /// <summary>The result of what is done, without garbage.</summary>
    public static T Here<T>(Task<T> task) => task.GetAwaiter().GetResult();

    public static T Done<T>(Task<T> task)
    {
        Assert.True(Task.WaitAny([task], Guard.Limit) == 0, "it is done");
        return task.GetAwaiter().GetResult();
    }

    public static TException Fails<TException>(Task task)
        where TException : Exception
    {
        Assert.True(Task.WaitAny([task], Guard.Limit) == 0, "it fails");
        return Assert.Throws<TException>(() => task.GetAwaiter().GetResult());
    }

    public static void WaitFor(Func<bool> condition, string what) =>
        Assert.True(SpinWait.SpinUntil(condition, Guard.Limit), $"Never came true: {what}");

    public void AssertClosed(CloseReason reason)
    {
        WaitFor(() => Origin.ClosedBy.Count > 0, "a close");
        Assert.Equal([new KeyValuePair<CloseReason, long>(reason, 1)], Origin.ClosedBy);
    }

    public void Dispose()
    {
        _invoker.Dispose();
        Handler.Dispose();
    }
}
