using System.Net;
using System.Runtime.CompilerServices;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;

namespace Warmwire.Exchange;

/// <summary>Everything behind a started handler: takes a request through redirects, cookies, replays and decompression, and the pool.</summary>
internal sealed class ExchangeEngine : IDisposable
{
    private readonly HandlerSettings _settings;
    private readonly ConnectionServices _services;
    private readonly ConnectionPool _pool;
    private readonly TransportMetrics _metrics;
    private readonly CookieContainer? _cookies;
    private volatile bool _closed;

    public ExchangeEngine(HandlerSettings settings)
    {
        _settings = settings;
        _metrics = TransportMetrics.For(settings.MeterFactory);
        _services = new ConnectionServices(settings);
        _pool = new ConnectionPool(_services, new PoolEvents(_metrics, settings.TimeProvider));
        _cookies = settings.UseCookies ? settings.CookieContainer ??= new CookieContainer() : null;
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(PooledHttpHandler));
        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<HttpResponseMessage>(cancellationToken)
            : ExchangeAsync(request, cancellationToken);
    }

    public Task<int> PrewarmAsync(Uri origin, int connections, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(PooledHttpHandler));
        return _pool.PrewarmAsync(new OriginProbe(origin.Scheme == Uri.UriSchemeHttps, origin.IdnHost, origin.Port, TlsHost: null, ClientCertificate: null), connections, cancellationToken);
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
        _closed = true;
        _pool.Dispose();
    }

    private async Task<HttpResponseMessage> ExchangeAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        RequestRules.Check(request);
        RequestSettings settings = RequestSettings.From(request, _settings);
        string? stack = settings.CaptureResponseStack ? Environment.StackTrace : null;
        TotalDeadline? total = null;
        if (settings.Total != Timeout.InfiniteTimeSpan)
        {
            total = new TotalDeadline(settings.Total);
            _services.Deadlines.Schedule(total, settings.Total);
        }

        try
        {
            HttpResponseMessage response = await FollowAsync(request, settings, total, stack, cancellationToken).ConfigureAwait(false);
            if (total is not null && (response.Content as ITimedBody)?.TryAttach(total) != true)
            {
                _services.Deadlines.Cancel(total);
            }

            if (_settings.AutomaticDecompression != DecompressionMethods.None)
            {
                Decompression.Apply(response, _settings.AutomaticDecompression);
            }

            return response;
        }
        catch when (total is not null)
        {
            _services.Deadlines.Cancel(total);
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpResponseMessage> FollowAsync(
        HttpRequestMessage request, RequestSettings settings, TotalDeadline? total, string? stack, CancellationToken cancellationToken)
    {
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage response = await SendHopAsync(request, settings, total, stack, cancellationToken).ConfigureAwait(false);
            if (!_settings.AllowAutoRedirect
                || redirects >= _settings.MaxAutomaticRedirections
                || RedirectPolicy.NextRequest(request, response, _settings) is not { } next)
            {
                return response;
            }

            // What is left of its body is drained in the background.
            response.Dispose();
            request = next;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpResponseMessage> SendHopAsync(
        HttpRequestMessage request, RequestSettings settings, TotalDeadline? total, string? stack, CancellationToken cancellationToken)
    {
        Uri uri = request.RequestUri!;
        EnvironmentProxy.ThrowIfProxyApplies(_settings, uri);
        RequestTelemetry telemetry = RequestTelemetry.Start(_metrics, _settings.TimeProvider, request);
        try
        {
            HttpResponseMessage response = await SendWithReplaysAsync(request, uri, settings, total, stack, cancellationToken).ConfigureAwait(false);
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HttpResponseMessage> SendWithReplaysAsync(
        HttpRequestMessage request, Uri uri, RequestSettings settings, TotalDeadline? total, string? stack, CancellationToken cancellationToken)
    {
        OriginProbe origin = OriginOf(request, uri, settings);
        string? cookies = _cookies is null ? null : CookieJar.HeaderFor(_cookies, uri);
        string? acceptEncoding = _settings.AutomaticDecompression == DecompressionMethods.None ? null : Decompression.AcceptEncodingToAdd(request, _settings.AutomaticDecompression);
        IReadOnlyList<KeyValuePair<string, string>>? propagated = RequestTelemetry.HeadersToPropagate(request, _settings.ActivityHeadersPropagator);
        for (int replays = 0; ; replays++)
        {
            var attempt = new Attempt(request, settings, cancellationToken)
            {
                CookieHeader = cookies,
                AcceptEncoding = acceptEncoding,
                PropagatedHeaders = propagated,
                TotalDeadline = total,
                Replays = replays,
                Stack = stack,
            };
            try
            {
                HttpConnection connection = await _pool.RentAsync(origin, attempt, replays > 0 ? DialReason.Replacement : null).ConfigureAwait(false);
                return await connection.SendAsync(attempt).ConfigureAwait(false);
            }
            catch (TransportException e) when (!_closed && ReplayRules.MayReplay(attempt, e))
            {
                // Once more, on another connection.
                if (!await ReplayRules.IsContentFreeAsync(attempt, _settings.TimeProvider).ConfigureAwait(false))
                {
                    throw;
                }
            }
        }
    }

    private static OriginProbe OriginOf(HttpRequestMessage request, Uri uri, RequestSettings settings)
    {
        bool isTls = RequestRules.IsTls(uri);
        return new OriginProbe(isTls, uri.IdnHost, uri.Port, isTls ? TlsHostOf(request) : null, settings.ClientCertificate);
    }

    /// <summary>As in .NET, a user-given Host is the name the server must prove.</summary>
    private static string? TlsHostOf(HttpRequestMessage request)
    {
        if (request.Headers.Host is not { } host)
        {
            return null;
        }

        int colon = host.LastIndexOf(':');
        return colon >= 0 && !host.EndsWith(']') ? host[..colon] : host;
    }
}
