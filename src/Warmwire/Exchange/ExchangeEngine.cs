using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Warmwire.Authentication;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// Everything behind a started handler: takes a request through redirects, cookies, replays and decompression, and the pool.
/// </summary>
internal sealed class ExchangeEngine : IDisposable, IAttemptSender
{
    private readonly HandlerSettings _settings;
    private readonly ConnectionServices _services;
    private readonly ConnectionPool _pool;
    private readonly TransportMetrics _metrics;
    private readonly CookieContainer? _cookies;
    private readonly ProxyChoice _proxies;

    /// <summary>There are credentials.</summary>
    private readonly ServerAuthentication? _authentication;
    private volatile bool _closed;

    public ExchangeEngine(HandlerSettings settings, TransportMetrics metrics)
    {
        _settings = settings;
        _metrics = metrics;
        _services = new ConnectionServices(settings);
        _pool = new ConnectionPool(_services, new PoolEvents(metrics, settings.TimeProvider));
        _proxies = new ProxyChoice(settings);
        _authentication = settings.Credentials is { } credentials ? new ServerAuthentication(credentials, settings, this) : null;
        _cookies = settings.UseCookies ? settings.CookieContainer ??= new CookieContainer() : null;
    }

    /// <summary>
    /// Nothing refers to the handler any more, and no request is under way: each holds the engine until it has its response. The event
    /// loop holds the sockets, and they hold the pool, but none of them holds the engine: so what nobody disposes is ended here.
    /// </summary>
    ~ExchangeEngine() => ThreadPool.UnsafeQueueUserWorkItem(static pool => pool?.Dispose(), _pool, preferLocal: false);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, bool isSynchronous = false)
    {
        ThrowIfClosed();
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<HttpResponseMessage>(cancellationToken);
        }

        // It matters only where code of the program is called.
        isSynchronous &= request.Content is not null || _settings.ConnectCallback is not null;
        return !isSynchronous && IsOrdinary(request)
            ? ExchangeOrdinaryAsync(request, cancellationToken)
            : ExchangeAsync(request, isSynchronous, cancellationToken);
    }

    public Task<int> PrewarmAsync(Uri origin, int connections, bool http2, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        bool isTls = RequestRules.IsTls(origin);
        ProtocolOffer protocols = !http2 ? ProtocolOffer.Http1 : isTls ? ProtocolOffer.Http2OrHttp1 : ProtocolOffer.Http2;
        var straight = new RouteIdentity(
            isTls,
            origin.IdnHost,
            origin.Port,
            isTls ? RequestSettings.Defaults(_settings).TlsServerName : null,
            clientCertificate: null,
            protocols,
            unixSocketPath: _settings.UnixSocketPath);
        ProxyHop? proxy = _proxies.Find(origin, RequestSettings.Defaults(_settings));
        return _pool.PrewarmAsync(ProxyChoice.RouteOf(proxy, origin, straight), connections, cancellationToken);
    }

    public PoolSnapshot GetSnapshot() => _pool.GetSnapshot();

    public int CloseIdleConnections() => _pool.CloseIdleConnections();

    /// <summary>Takes no more requests and waits, within a limit, for those under way.</summary>
    public async Task DrainAsync()
    {
        _closed = true;
        try
        {
            await _pool.DrainAsync().WaitAsync(PoolLimits.GracefulClose, _settings.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The rest is closed by the disposal that follows.
        }
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _closed = true;
        _pool.Dispose();
    }

    /// <summary>Closes every connection at once, whatever is done on it.</summary>
    public void Abort()
    {
        _closed = true;
        _pool.Abort();
        Dispose();
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw Gone();
        }
    }

    private static ObjectDisposedException Gone() => new(ErrorTexts.HandlerName);

    // ---- The short way: one frame -----------------------------------------------------------------------------------

    /// <summary>
    /// Whether one attempt on one connection is all there is to do, unless its outcome asks for more: nothing is set for this request
    /// alone, nothing is measured, nothing is to be refused.
    /// </summary>
    private bool IsOrdinary(HttpRequestMessage request) =>
        _authentication is null
        && RequestRules.IsOrdinary(request)
        && RequestSettings.HasNoneOfItsOwn(request)
        && !RequestSettings.Defaults(_settings).CaptureResponseStack
        && !RequestTelemetry.IsWanted(_metrics, _settings);

    /// <summary>
    /// <see cref="ExchangeAsync"/> for an ordinary request, and the reason for it: what lives across its only wait is the attempt, which is
    /// used again. Whatever turns out to be more goes on the long way.
    /// </summary>
    private async Task<HttpResponseMessage> ExchangeOrdinaryAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        RequestSettings defaults = RequestSettings.Defaults(_settings);
        ProxyHop? proxy = _proxies.Find(request.RequestUri!, defaults);
        TotalDeadline? total = TotalTime.Begin(defaults, _services.Deadlines);
        Attempt attempt = NewAttempt(request, proxy, defaults, total, stack: null, cancellationToken);
        HttpResponseMessage? response;
        TransportException? failure;
        if (ProxyAuthentication.IsWanted(attempt))
        {
            (response, failure) = (null, null);
        }
        else
        {
            try
            {
                // Each is assigned behind the wait, on either way: a value from before it would be kept in the frame.
                response = await LeaseAndSendAsync(attempt).ConfigureAwait(false);
                failure = null;
            }
            catch (TransportException e) when (!_closed && ReplayRules.MayReplay(attempt, e))
            {
                // Awaited below: a wait in here would make the frame larger.
                response = null;
                failure = e;
            }
            catch when (attempt.TotalDeadline is not null)
            {
                attempt.TotalDeadline.End(_services.Deadlines);
                throw;
            }
        }

        if (response is null || RedirectPolicy.MayRedirect(response.StatusCode, _settings))
        {
            return await GoOnAsync(attempt, response, failure).ConfigureAwait(false);
        }

        request = attempt.Request;
        total = attempt.TotalDeadline;
        Attempt.Return(attempt);
        if (_cookies is not null)
        {
            CookieJar.Store(_cookies, request.RequestUri!, response);
        }

        total?.AllowReuse();
        return Finish(response, total);
    }

    /// <summary>Goes on where the one attempt was not all there is to do: a replay, what a proxy may ask, redirects.</summary>
    /// <param name="attempt">The first attempt.</param>
    /// <param name="response">Its response.</param>
    /// <param name="failure">How it failed, if it has none; neither: a proxy may ask for credentials, and it is not sent yet.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpResponseMessage> GoOnAsync(
        Attempt attempt, HttpResponseMessage? response, TransportException? failure)
    {
        try
        {
            response ??= failure is null
                ? await SendThroughAsync(attempt).ConfigureAwait(false)
                : await ReplayAsync(attempt, failure).ConfigureAwait(false);
            if (_cookies is not null)
            {
                CookieJar.Store(_cookies, attempt.Request.RequestUri!, response);
            }

            if (RedirectPolicy.MayRedirect(response.StatusCode, _settings))
            {
                response = await FollowAsync(
                    attempt.Request,
                    response,
                    attempt.Settings,
                    attempt.TotalDeadline,
                    stack: null,
                    attempt.CancellationToken).ConfigureAwait(false);
            }
        }
        catch when (attempt.TotalDeadline is not null)
        {
            attempt.TotalDeadline.End(_services.Deadlines);
            throw;
        }

        return Finish(response, attempt.TotalDeadline);
    }

    // ---- The long way -----------------------------------------------------------------------------------------------

    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpRequestMessage request, bool isSynchronous, CancellationToken cancellationToken)
    {
        RequestRules.Check(request);
        RequestSettings settings = RequestSettings.From(request, _settings);
        settings = isSynchronous ? settings.ForSynchronousSend() : settings;
        string? stack = settings.CaptureResponseStack ? Environment.StackTrace : null;
        TotalDeadline? total = TotalTime.Begin(settings, _services.Deadlines);
        HttpResponseMessage response;
        try
        {
            response = await SendHopAsync(request, settings, total, stack, _authentication, cancellationToken).ConfigureAwait(false);
            if (RedirectPolicy.MayRedirect(response.StatusCode, _settings))
            {
                response = await FollowAsync(request, response, settings, total, stack, cancellationToken).ConfigureAwait(false);
            }
        }
        catch when (total is not null)
        {
            total.End(_services.Deadlines);
            throw;
        }

        return Finish(response, total);
    }

    /// <summary>The response is complete, or its body is the caller's to read.</summary>
    private HttpResponseMessage Finish(HttpResponseMessage response, TotalDeadline? total)
    {
        if (total is not null)
        {
            TotalTime.EndWith(response, total, _services.Deadlines);
        }

        if (_settings.AutomaticDecompression != DecompressionMethods.None)
        {
            Decompression.Apply(response, _settings.AutomaticDecompression);
        }

        return response;
    }

    /// <summary>Follows redirects, from the first response on.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpResponseMessage> FollowAsync(
        HttpRequestMessage request,
        HttpResponseMessage response,
        RequestSettings settings,
        TotalDeadline? total,
        string? stack,
        CancellationToken cancellationToken)
    {
        Uri first = request.RequestUri!;
        for (int redirects = 0; ; redirects++)
        {
            if (redirects >= _settings.MaxAutomaticRedirections || RedirectPolicy.NextRequest(request, response, _settings) is not { } next)
            {
                return response;
            }

            // What is left of its body is drained in the background.
            response.Dispose();
            request = next;
            if (!RedirectPolicy.IsSameOrigin(first, request.RequestUri!))
            {
                settings = settings.ForOtherOrigin(RequestSettings.Defaults(_settings));
            }

            ServerAuthentication? authentication =
                _authentication?.MayAuthenticate(first, request.RequestUri!) == true ? _authentication : null;
            response = await SendHopAsync(request, settings, total, stack, authentication, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One request to one URI, with its activity, its cookies, its credentials and its replays.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpResponseMessage> SendHopAsync(
        HttpRequestMessage request,
        RequestSettings settings,
        TotalDeadline? total,
        string? stack,
        ServerAuthentication? authentication,
        CancellationToken cancellationToken)
    {
        Uri uri = request.RequestUri!;
        RequestTelemetry telemetry = RequestTelemetry.Start(_metrics, _settings, request);
        try
        {
            ProxyHop? proxy = _proxies.Find(uri, settings);
            HttpResponseMessage response = authentication is null
                ? await SendThroughAsync(NewAttempt(request, proxy, settings, total, stack, cancellationToken)).ConfigureAwait(false)
                : await authentication.SendAsync(new Hop(request, proxy, settings, total, stack, cancellationToken)).ConfigureAwait(false);
            if (_cookies is not null)
            {
                CookieJar.Store(_cookies, uri, response);
            }

            telemetry.Stop(response);
            return response;
        }
        catch (Exception e)
        {
            telemetry.Stop(e);
            throw;
        }
    }

    /// <summary>Sends the attempt, and again where that is safe.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpResponseMessage> SendWithReplaysAsync(Attempt attempt, Hop? hop = null)
    {
        while (true)
        {
            hop?.Last = attempt;
            try
            {
                return await LeaseAndSendAsync(attempt).ConfigureAwait(false);
            }
            catch (TransportException e) when (!_closed && ReplayRules.MayReplay(attempt, e))
            {
                // Once more, on another connection.
                if (!await ReplayRules.IsContentFreeAsync(attempt, _settings.TimeProvider).ConfigureAwait(false))
                {
                    throw;
                }
            }

            attempt = attempt.Again(isReplay: !ReplayRules.IsTurnedAway(attempt));
        }
    }

    /// <summary>The same, and answers what a proxy asks that forwards it.</summary>
    private ValueTask<HttpResponseMessage> SendThroughAsync(Attempt attempt, Hop? hop = null) =>
        ProxyAuthentication.IsWanted(attempt)
            ? ProxyAuthentication.SendAsync(
                this,
                _settings,
                attempt,
                hop ?? new Hop(
                    attempt.Request, attempt.Proxy, attempt.Settings, attempt.TotalDeadline, attempt.Stack, attempt.CancellationToken))
            : SendWithReplaysAsync(attempt, hop);

    /// <summary>Goes on after an attempt that failed and may be sent again.</summary>
    private async ValueTask<HttpResponseMessage> ReplayAsync(Attempt attempt, TransportException failure)
    {
        if (!await ReplayRules.IsContentFreeAsync(attempt, _settings.TimeProvider).ConfigureAwait(false))
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        Attempt again = attempt.Again(isReplay: !ReplayRules.IsTurnedAway(attempt));
        return await SendWithReplaysAsync(again).ConfigureAwait(false);
    }

    // ---- One attempt ------------------------------------------------------------------------------------------------

    private Attempt NewAttempt(
        HttpRequestMessage request,
        ProxyHop? proxy,
        RequestSettings settings,
        TotalDeadline? total,
        string? stack,
        CancellationToken cancellationToken,
        AuthorizationFields? authorization = null,
        int replays = 0)
    {
        try
        {
            if (settings.TellsConnectionId && !request.Options.TryGetValue(TransportOptions.ConnectionId, out _))
            {
                // Story: a dial shows this request to a callback while the request goes out on another connection, whose number is
                // written. The place for it is made here, where nobody else looks yet.
                request.Options.Set(TransportOptions.ConnectionId, null);
            }

            return Attempt.Rent(new AttemptRequest(request, settings, cancellationToken)
            {
                Proxy = proxy,
                CookieHeader = _cookies is null ? null : CookieJar.HeaderFor(_cookies, request.RequestUri!),
                AcceptEncoding = _settings.AutomaticDecompression == DecompressionMethods.None
                    ? null
                    : Decompression.AcceptEncodingToAdd(request, _settings.AutomaticDecompression),
                PropagatedHeaders = RequestTelemetry.HeadersToPropagate(request, _settings.ActivityHeadersPropagator),
                Authorization = authorization,
                TotalDeadline = total,
                Replays = replays,
                Stack = stack,
            });
        }
        catch when (total is not null)
        {
            // The program's own code threw, such as a propagator: nothing else ends the time.
            total.End(_services.Deadlines);
            throw;
        }
    }

    private ValueTask<HttpResponseMessage> LeaseAndSendAsync(Attempt attempt)
    {
        RouteIdentity origin = RouteOf(attempt);
        if (_pool.TryLeaseIdle(origin, attempt, out HttpConnection? idle))
        {
            return SendOn(idle, attempt);
        }

        ValueTask<HttpConnection> connection = _pool.LeaseAsync(origin, attempt, attempt.Replays > 0 ? DialReason.Replacement : null);
        return connection.IsCompletedSuccessfully ? SendOn(connection.Result, attempt) : SendWhenLeased(connection, attempt);
    }

    /// <summary>Sends the attempt on a connection that was leased for it.</summary>
    public static ValueTask<HttpResponseMessage> SendOn(HttpConnection connection, Attempt attempt)
    {
        if (attempt.Settings.TellsConnectionId)
        {
            attempt.Request.Options.Set(TransportOptions.ConnectionId, connection.Id);
        }

        return connection.SendAsync(attempt);
    }

    /// <remarks>
    /// No async method: a program that starts goes this way with its first request, and the code of the frame would be compiled then. What
    /// the caller awaits is the attempt's own promise, whichever connection it is sent on.
    /// </remarks>
    private static ValueTask<HttpResponseMessage> SendWhenLeased(ValueTask<HttpConnection> connection, Attempt attempt)
    {
        ValueTask<HttpResponseMessage> response = attempt.Response;
        ConfiguredValueTaskAwaitable<HttpConnection>.ConfiguredValueTaskAwaiter leasing = connection.ConfigureAwait(false).GetAwaiter();
        leasing.OnCompleted(() =>
        {
            try
            {
                ValueTask<HttpResponseMessage> sent = SendOn(leasing.GetResult(), attempt);
                Debug.Assert(sent == response, "the attempt's own promise");
            }
            catch (Exception e)
            {
                attempt.TryFail(e, asynchronously: false);
            }
        });
        return response;
    }

    private static RouteIdentity RouteOf(Attempt attempt, ConnectionIdentity? identity = null)
    {
        HttpRequestMessage request = attempt.Request;
        Uri uri = request.RequestUri!;
        bool isTls = RequestRules.IsTls(uri);
        RequestSettings settings = attempt.Settings;
        var straight = new RouteIdentity(
            isTls,
            uri.IdnHost,
            uri.Port,
            isTls ? settings.TlsServerName : null,
            settings.ClientCertificate,
            identity is null ? RequestRules.OfferFor(request, isTls) : ProtocolOffer.Http1,
            identity: identity,
            unixSocketPath: settings.UnixSocketPath,
            serverName: isTls ? RequestRules.HostHeaderOf(request) : null);
        return attempt.Proxy is null ? straight : ProxyChoice.RouteOf(attempt.Proxy, uri, straight);
    }

    // ---- For the authentication -------------------------------------------------------------------------------------

    ValueTask<HttpResponseMessage> IAttemptSender.SendAsync(Hop hop, AuthorizationFields? authorization) =>
        SendThroughAsync(((IAttemptSender)this).NewAttempt(hop, authorization, replays: 0), hop);

    ValueTask<HttpResponseMessage> IAttemptSender.SendAttemptAsync(Hop hop, Attempt attempt) => SendWithReplaysAsync(attempt, hop);

    Attempt IAttemptSender.NewAttempt(Hop hop, AuthorizationFields? authorization, int replays) =>
        hop.Last = NewAttempt(
            hop.Request, hop.Proxy, hop.Settings, hop.Total, hop.Stack, hop.CancellationToken, authorization, replays);

    ValueTask<HttpConnection> IAttemptSender.LeaseAsync(Attempt attempt, ConnectionIdentity identity)
    {
        RouteIdentity route = RouteOf(attempt, identity);
        return _pool.TryLeaseIdle(route, attempt, out HttpConnection? idle)
            ? ValueTask.FromResult(idle)
            : _pool.LeaseAsync(route, attempt, attempt.Replays > 0 ? DialReason.Replacement : null);
    }

    async ValueTask<bool> IAttemptSender.MayReplayAsync(Attempt attempt, TransportException error) =>
        !_closed
        && ReplayRules.MayReplay(attempt, error)
        && await ReplayRules.IsContentFreeAsync(attempt, _settings.TimeProvider).ConfigureAwait(false);

    void IAttemptSender.Received(Hop hop, HttpResponseMessage response)
    {
        if (_cookies is not null)
        {
            CookieJar.Store(_cookies, hop.Request.RequestUri!, response);
        }
    }
}
