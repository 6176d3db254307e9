using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Warmwire.Tests.Http2;

/// <summary>Where the transport calls a program's code for one request.</summary>
public enum Hook
{
    ContentBeforeFirstWait,
    ContentBehindFirstWait,
    ContentWritesIntoClosedWindow,
    GetConnection,
    GotConnection,
    WroteHeaders,
    Got100Continue,
    WroteRequest,
    WroteRequestOfUpload,
    GotFirstResponseByte,
    PutIdleConnection,
    RequestHeaderEncoding,
    ResponseHeaderEncoding,
    TrailerEncoding,
    ContinuationOfSend,
    ContinuationOfRead,
    CancellationCallback,
    MeasureLease,
    MeasureActiveRequest,
    MeasureDuration,
    MeasureStreamEnd,
    MeasureIdleConnection,
}

/// <summary>One HTTP/2 connection to a real server, a request whose hook blocks until it is let go, and others beside it.</summary>
internal sealed class HookStage : IAsyncDisposable
{
    private const int HeldBodyBytes = 4 * 1024 * 1024;

    private readonly Hook _hook;
    private readonly bool _sendsAnother;
    private readonly TestMeterFactory _meters = new();
    private readonly MeterListener _listener = new();
    private readonly ManualResetEventSlim _letGo = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _serverGoesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private KestrelServer? _server;
    private HttpMessageInvoker? _invoker;
    private volatile bool _armed;
    private int _entered;
    private HttpStatusCode? _another;

    private HookStage(Hook hook, bool sendsAnother)
    {
        _hook = hook;
        _sendsAnother = sendsAnother;
    }

    /// <summary>Completes when the hook runs.</summary>
    public Task Reached => _reached.Task;

    /// <summary>What the request was answered that the hook has sent and waited for.</summary>
    public HttpStatusCode? Another => _another;

    public int Connections => _server!.Connections;

    /// <param name="hook">What blocks.</param>
    /// <param name="sendsAnother">Whether the hook sends another request to the same origin and waits for its answer.</param>
    /// <param name="ownStream">Whether the connection is over a stream of the program's and not over the transport's socket.</param>
    public static async Task<HookStage> StartAsync(Hook hook, bool sendsAnother, bool ownStream)
    {
        var stage = new HookStage(hook, sendsAnother);
        stage._server = await KestrelServer.StartAsync(stage.AnswerAsync, new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
        stage._invoker = new HttpMessageInvoker(stage.CreateHandler(ownStream));
        stage.Listen();
        Assert.Equal(HttpStatusCode.OK, await stage.GetAsync("warm"));
        stage._armed = true;
        return stage;
    }

    /// <summary>The request whose hook blocks.</summary>
    public async Task RunHookedAsync()
    {
        using HttpRequestMessage request = HookedRequest();
        using var token = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = _invoker!.SendAsync(request, token.Token);
        if (_hook == Hook.CancellationCallback)
        {
            await using CancellationTokenRegistration registration =
                token.Token.UnsafeRegister(static stage => ((HookStage)stage!).Enter(), this);
            await Task.Run(token.Cancel);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            return;
        }

        using HttpResponseMessage response = await sending.ConfigureAwait(false);
        Run(Hook.ContinuationOfSend);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await ReadAsync(response).ConfigureAwait(false);
    }

    public async Task<HttpStatusCode> GetAsync(string path)
    {
        using HttpRequestMessage request = Request(HttpMethod.Get, path);
        using HttpResponseMessage response = await _invoker!.SendAsync(request, CancellationToken.None).ConfigureAwait(false);
        await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
        return response.StatusCode;
    }

    public void LetGo()
    {
        _letGo.Set();
        _serverGoesOn.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        LetGo();
        _listener.Dispose();
        _invoker?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _meters.Dispose();
        _letGo.Dispose();
    }

    /// <summary>The hook: what a program should not do, and what hurts its own request only.</summary>
    private void Enter()
    {
        if (!_armed || Interlocked.Exchange(ref _entered, 1) != 0)
        {
            return;
        }

        _reached.SetResult();
        if (_sendsAnother)
        {
            Task<HttpStatusCode> another = Task.Run(() => GetAsync("another"));
            if (another.Wait(Guard.Limit))
            {
                _another = another.Result;
            }
        }
        else
        {
            _letGo.Wait(Guard.Limit);
        }
    }

    private void Run(Hook hook)
    {
        if (_hook == hook)
        {
            Enter();
        }
    }

    private PooledHttpHandler CreateHandler(bool ownStream)
    {
        // One connection: on a busy machine a frame of the server may lie unread when the connection is leased again, and while that is in
        // doubt a second one would serve those that the hook is said to hold up.
        var handler = new PooledHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            MeterFactory = _meters,
            Expect100ContinueTimeout = Guard.Limit,
            MaxConnectionsPerServer = 1,
        };
        if (ownStream)
        {
            handler.ConnectCallback = static async (context, token) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp)
                {
                    NoDelay = true,
                };
                await socket.ConnectAsync(context.DnsEndPoint, token).ConfigureAwait(false);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            };
        }

        if (_hook == Hook.RequestHeaderEncoding)
        {
            handler.RequestHeaderEncodingSelector = (name, _) => RunFor(name, "X-Hooked");
        }

        if (_hook is Hook.ResponseHeaderEncoding or Hook.TrailerEncoding)
        {
            handler.ResponseHeaderEncodingSelector = (name, _) => RunFor(name, _hook == Hook.TrailerEncoding ? "x-trailer" : "x-head");
        }

        return handler;
    }

    private Encoding? RunFor(string name, string hooked)
    {
        if (name.Equals(hooked, StringComparison.OrdinalIgnoreCase))
        {
            Enter();
        }

        return null;
    }

    private void Listen()
    {
        string? name = _hook switch
        {
            Hook.MeasureLease => "warmwire.client.requests",
            Hook.MeasureActiveRequest => "http.client.active_requests",
            Hook.MeasureDuration => "http.client.request.duration",
            Hook.MeasureStreamEnd => "warmwire.client.active_streams",
            Hook.MeasureIdleConnection => "http.client.open_connections",
            _ => null,
        };
        if (name is null)
        {
            return;
        }

        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && ReferenceEquals(instrument.Meter.Scope, _meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Enter());
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            bool idle = false;
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                idle |= tag is { Key: "http.connection.state", Value: "idle" };
            }

            if (_hook switch
            {
                Hook.MeasureStreamEnd => value < 0,
                Hook.MeasureIdleConnection => idle && value > 0,
                _ => true,
            })
            {
                Enter();
            }
        });
        _listener.Start();
    }

    private HttpRequestMessage HookedRequest()
    {
        HttpContent? content = _hook switch
        {
            Hook.ContentBeforeFirstWait => new PushContent(async stream =>
            {
                Enter();
                await stream.WriteAsync(new byte[10]);
            }),
            Hook.ContentBehindFirstWait => new PushContent(async stream =>
            {
                await stream.WriteAsync(new byte[10]);
                await Task.Yield();
                Enter();
                await stream.WriteAsync(new byte[10]);
            }),
            Hook.ContentWritesIntoClosedWindow => new PushContent(async stream =>
            {
                await Task.Yield();
                _reached.TrySetResult();
                stream.Write(new byte[HeldBodyBytes]);
            }),
            Hook.Got100Continue or Hook.WroteRequestOfUpload => new ByteArrayContent(new byte[10]),
            _ => null,
        };
        string path = _hook switch
        {
            Hook.ContentWritesIntoClosedWindow or Hook.ContinuationOfRead => "held",
            Hook.CancellationCallback => "unanswered",
            Hook.TrailerEncoding => "trailers",
            _ => "hooked",
        };
        HttpRequestMessage request = Request(content is null ? HttpMethod.Get : HttpMethod.Post, path);
        request.Content = content;
        request.Headers.ExpectContinue = _hook == Hook.Got100Continue ? true : null;
        request.Headers.Add("X-Hooked", "yes");
        request.Options.Set(TransportOptions.Trace, new RequestTrace
        {
            GetConnection = _ => Run(Hook.GetConnection),
            GotConnection = _ => Run(Hook.GotConnection),
            WroteHeaders = () => Run(Hook.WroteHeaders),
            Got100Continue = () => Run(Hook.Got100Continue),
            WroteRequest = _ =>
            {
                Run(Hook.WroteRequest);
                Run(Hook.WroteRequestOfUpload);
            },
            GotFirstResponseByte = () => Run(Hook.GotFirstResponseByte),
            PutIdleConnection = _ => Run(Hook.PutIdleConnection),
        });
        return request;
    }

    private HttpRequestMessage Request(HttpMethod method, string path) => new(method, new Uri(_server!.HttpUri, path))
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private async Task ReadAsync(HttpResponseMessage response)
    {
        if (_hook != Hook.ContinuationOfRead)
        {
            await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
            return;
        }

        Stream body = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
        ValueTask<int> reading = body.ReadAsync(new byte[10]);
        _serverGoesOn.SetResult();
        await reading.ConfigureAwait(false);
        Enter();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/held":
                await context.Response.Body.FlushAsync();
                await _serverGoesOn.Task;
                await context.Response.WriteAsync("late");
                await context.Request.Body.CopyToAsync(Stream.Null);
                break;
            case "/unanswered":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case "/hooked":
                await context.Request.Body.CopyToAsync(Stream.Null);
                context.Response.Headers["x-head"] = "yes";
                await context.Response.WriteAsync("ok");
                break;
            case "/trailers":
                await context.Response.WriteAsync("ok");
                context.Response.AppendTrailer("x-trailer", "yes");
                break;
            default:
                await context.Response.WriteAsync("ok");
                break;
        }
    }
}
