using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Telemetry;

/// <summary>
/// All that can happen to a request, one after the other with one handler: success, an upload, a redirect, a replay, failures, a
/// cancellation, a wait for a connection. Code of the application watches or decides; whatever it does, each request must end, and every
/// count must come back to zero.
/// </summary>
internal sealed class ObservedScenario : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly MetricCollector _metrics;
    private readonly TestMeterFactory _meters;
    private readonly HttpClient _client;
    private readonly bool _isHttp2;
    private readonly bool _isTls;

    private ObservedScenario(
        KestrelServer server, TestMeterFactory meters, MetricCollector metrics, PooledHttpHandler handler, bool isHttp2, bool isTls)
    {
        (_server, _meters, _metrics, Handler, _isHttp2, _isTls) = (server, meters, metrics, handler, isHttp2, isTls);
        _client = new HttpClient(handler, disposeHandler: false);
    }

    public PooledHttpHandler Handler { get; }

    public int Connections => _server.Connections;

    /// <summary>Set for each request; a trace belongs to one request.</summary>
    public Func<RequestTrace>? Trace { get; set; }

    /// <param name="isHttp2">The protocol, of client and server.</param>
    /// <param name="isTls">Whether requests go over https.</param>
    /// <param name="meters">The factory of the handler's meter.</param>
    /// <param name="configure">More settings of the handler.</param>
    public static async Task<ObservedScenario> StartAsync(
        bool isHttp2, bool isTls, TestMeterFactory meters, Action<PooledHttpHandler>? configure = null)
    {
        int replays = 0;
        KestrelServer server = await KestrelServer.StartAsync(
            context => AnswerAsync(context, () => Interlocked.Increment(ref replays) == 1),
            new KestrelServerSettings
            {
                Protocols = isHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1,
                Configure = static kestrel =>
                {
                    kestrel.Limits.Http2.MaxStreamsPerConnection = 4;
                    kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
                },
            }).ConfigureAwait(false);

        // The listener that counts comes first, so it hears of everything that the throwing one is told next.
        var metrics = new MetricCollector(meters, meter: null);
        var handler = new PooledHttpHandler
        {
            UseProxy = false,
            SslOptions = TestCertificates.Trusting(),
            MeterFactory = meters,
            MaxConnectionsPerServer = 2,
            EnableMultipleHttp2Connections = false,
        };
        configure?.Invoke(handler);
        return new ObservedScenario(server, meters, metrics, handler, isHttp2, isTls);
    }

    /// <summary>What <see cref="PlayAsync"/> returns if the application's code only watches.</summary>
    public static string UndisturbedOutcomes { get; } = string.Join(
        '\n',
        [
            "/: 200 ok",
            "/upload: 200 ok",
            "/redirect: 200 ok",
            "/replay: 200 ok",
            "/abort: HttpRequestException",
            "/slow: TaskCanceledException",
            "http://127.0.0.1:1/: HttpRequestException",
            .. Enumerable.Repeat("/pause: 200 ok", 12),
            "/: 200 ok",
        ]);

    /// <summary>Plays everything and returns the outcomes, one line each.</summary>
    public async Task<string> PlayAsync()
    {
        var outcomes = new List<string>
        {
            await SendAsync("/").ConfigureAwait(false),
            await SendAsync("/upload", upload: true).ConfigureAwait(false),
            await SendAsync("/redirect").ConfigureAwait(false),
            await SendAsync("/replay").ConfigureAwait(false),
            await SendAsync("/abort", upload: true).ConfigureAwait(false),
            await SendAsync("/slow", cancel: true).ConfigureAwait(false),
            await SendAsync("http://127.0.0.1:1/").ConfigureAwait(false),
        };
        outcomes.AddRange(await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => SendAsync("/pause"))).ConfigureAwait(false));
        outcomes.Add(await SendAsync("/").ConfigureAwait(false));
        return string.Join('\n', outcomes);
    }

    /// <summary>Sends one request and reads its response. A request that does not end fails the test.</summary>
    public async Task<string> SendAsync(string path, bool upload = false, bool cancel = false)
    {
        try
        {
            return await Guard.Within(
                SendOneAsync(path, upload, cancel), () => $"The request for {path} hangs: {Handler.GetSnapshot()}").ConfigureAwait(false);
        }
        catch (Exception e) when (e is not TimeoutException)
        {
            return $"{path}: {(e is HttpRequestException ? nameof(HttpRequestException) : e.GetType().Name)}";
        }
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The content goes with the request.")]
    public async Task<string> SendOneAsync(string path, bool upload = false, bool cancel = false)
    {
        using var cancellation = new CancellationTokenSource();
        using var request = new HttpRequestMessage(
            upload ? HttpMethod.Post : HttpMethod.Get, new Uri(_isTls ? _server.HttpsUri : _server.HttpUri, path))
        {
            Version = _isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = upload ? new StringContent("body") : null,
        };
        request.Headers.ExpectContinue = upload;
        request.Headers.Add("X-Caller", "value");
        if (Trace is not null)
        {
            request.Options.Set(TransportOptions.Trace, Trace());
        }

        int before = _server.Requests;
        Task<HttpResponseMessage> sending = _client.SendAsync(request, cancellation.Token);
        if (cancel)
        {
            await Eventually.IsTrue(
                () => _server.Requests > before || sending.IsCompleted,
                "the server has the request").ConfigureAwait(false);
            await cancellation.CancelAsync().ConfigureAwait(false);
        }

        using HttpResponseMessage response = await sending.ConfigureAwait(false);
        string body = await response.Content.ReadAsStringAsync(CancellationToken.None).ConfigureAwait(false);
        return string.Create(CultureInfo.InvariantCulture, $"{path}: {(int)response.StatusCode} {body}");
    }

    /// <summary>Nothing is under way any more, and after the handler's end no connection is counted either.</summary>
    public async Task AssertAllCountsAreZeroAsync()
    {
        await Eventually.IsTrue(
            () => Handler.GetSnapshot() is { Active: 0, Pending: 0, Dialing: 0 } snapshot
                && snapshot.Origins.All(static origin => origin.StreamsActive == 0),
            $"nothing is under way: {Handler.GetSnapshot()}").ConfigureAwait(false);
        await AssertSumAsync("http.client.active_requests").ConfigureAwait(false);
        await AssertSumAsync("warmwire.client.active_streams").ConfigureAwait(false);
        await AssertSumAsync("http.client.open_connections", ("http.connection.state", "active")).ConfigureAwait(false);
        Handler.Dispose();
        await AssertSumAsync("http.client.open_connections", ("http.connection.state", "idle")).ConfigureAwait(false);
        await AssertSumAsync("http.client.open_connections").ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        Handler.Dispose();
        await _server.DisposeAsync().ConfigureAwait(false);
        _metrics.Dispose();
        _meters.Dispose();
    }

    private async Task AssertSumAsync(string instrument, params (string Key, object? Value)[] tags)
    {
        try
        {
            await Eventually.IsTrue(() => _metrics.Sum(instrument, tags) == 0, instrument).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{instrument} {string.Join(' ', tags)} is {_metrics.Sum(instrument, tags)} at the end: {Handler.GetSnapshot()}");
        }
    }

    private static async Task AnswerAsync(HttpContext context, Func<bool> isFirstReplay)
    {
        switch (context.Request.Path.Value)
        {
            case "/upload":
                await context.Request.Body.CopyToAsync(Stream.Null).ConfigureAwait(false);
                break;

            case "/redirect":
                context.Response.Redirect("/redirected");
                return;

            case "/replay" when context.Features.Get<IHttpResetFeature>() is { } reset && isFirstReplay():
                reset.Reset(7); // REFUSED_STREAM
                return;

            case "/replay" when isFirstReplay():
            case "/abort":
                context.Abort();
                return;

            case "/slow":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;

            case "/pause":
                // Real time: an answer that takes a moment.
                await Task.Delay(20).ConfigureAwait(false);
                break;

            case "/trailers":
                context.Response.AppendTrailer("X-Trailer", "value");
                break;

            case "/latin":
                context.Response.Headers["X-Latin"] = "caf\u00e9";
                break;
        }

        context.Response.Headers["X-Name"] = "value";
        await context.Response.WriteAsync("ok").ConfigureAwait(false);
    }
}
