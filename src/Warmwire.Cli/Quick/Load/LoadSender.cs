using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>Sends the requests of a load test through one <see cref="PooledHttpHandler"/> and reads each answer to its end.</summary>
internal sealed class LoadSender : IDisposable
{
    private const int BufferSize = 16 * 1024;

    private static readonly TimeSpan s_shortestTime = TimeSpan.FromMilliseconds(1);

    private readonly QuickSettings _settings;
    private readonly RequestTrace _trace;
    private readonly RequestTemplate _single;
    private readonly HttpMessageInvoker _invoker;

    public LoadSender(QuickSettings settings, RequestTrace trace)
    {
        _settings = settings;
        _trace = trace;
        _single = settings.SingleRequest();
        var handler = new PooledHttpHandler
        {
            UseProxy = settings.Route.Proxy is not null,
            Proxy = settings.Route.Proxy,
            UseCookies = false,
            AllowAutoRedirect = false,
            UnixSocketPath = settings.Route.UnixSocket,

            // A load sends what it says. What is sent again would hide a failure, and be one request more.
            ReplayPolicy = ReplayPolicy.Never,

            // There is one timeout, that of the option.
            ConnectTimeout = settings.Timeout,
            TlsHandshakeTimeout = settings.Timeout,
        };
        if (settings.Route.Addresses is { } addresses)
        {
            handler.NameResolver = addresses;
        }

        if (settings.MaxConnections is { } limit)
        {
            handler.MaxConnectionsPerServer = limit;
        }

        if (settings.NewConnectionPerRequest)
        {
            // Never kept: what a new client for each request does to the server and to this machine's ports.
            handler.PooledConnectionLifetime = TimeSpan.Zero;
        }

        if (settings.Insecure || settings.Route.Certificate is not null)
        {
            handler.SslOptions = TlsOptions(settings);
        }

        MaxConnections = handler.MaxConnections;

        // What the load has opened it keeps: closing a surplus only to open it again would be churn that the target did not cause.
        handler.MaxIdleConnections = MaxConnections;
        handler.MaxIdleConnectionsPerServer = MaxConnections;
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>How many connections there can be at most, so that descriptors suffice.</summary>
    public int MaxConnections { get; }

    /// <summary>The request of the settings and its whole answer.</summary>
    public Task<Answer> SendAsync(CancellationToken cancellationToken) =>
        SendAsync(_single, new VirtualUser(keepsCookies: false), _trace, cancellationToken);

    /// <summary>One request and its whole answer, after redirects if they are followed.</summary>
    /// <param name="template">The request.</param>
    /// <param name="user">Who sends it.</param>
    /// <param name="trace">Told of the connection; <see langword="null"/> if it is not to be counted.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public async Task<Answer> SendAsync(
        RequestTemplate template,
        VirtualUser user,
        RequestTrace? trace,
        CancellationToken cancellationToken)
    {
        long started = LoadClock.Now;
        TimeSpan queueTime = TimeSpan.Zero;
        HttpRequestMessage request = template.Fill(user.Variables);
        try
        {
            for (int hops = 0; ; hops++)
            {
                Prepare(request, user, trace, _settings.Timeout - TimeSpan.FromMicroseconds((LoadClock.Now - started) / 1000));
                using HttpResponseMessage response = await _invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
                TransportConnectionInfo? info = response.GetConnectionInfo();
                queueTime += info?.QueueTime ?? TimeSpan.Zero;
                StoreCookies(user, request.RequestUri!, response);
                if (hops < _settings.MaxRedirects && Redirect.Next(request, response) is { } next)
                {
                    await ReadToEndAsync(response.Content, null, cancellationToken).ConfigureAwait(false);
                    request = next;
                    continue;
                }

                MemoryStream? kept = template.ReadsBody ? new MemoryStream() : null;
                long bytes = await ReadToEndAsync(response.Content, kept, cancellationToken).ConfigureAwait(false);
                return new Answer((int)response.StatusCode, bytes, queueTime, info?.ResponseHeadersTime ?? TimeSpan.Zero, hops)
                {
                    Text = template.Checks.Count + template.Captures.Count == 0
                        ? null
                        : new ResponseText((int)response.StatusCode, response, kept?.ToArray() ?? []),
                };
            }
        }
        finally
        {
            request.Dispose();
        }
    }

    public void Dispose() => _invoker.Dispose();

    private static SslClientAuthenticationOptions TlsOptions(QuickSettings settings)
    {
        var options = new SslClientAuthenticationOptions();
        if (settings.Insecure)
        {
#pragma warning disable CA5359 // That is what --insecure asks for.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        if (settings.Route.Certificate is { } certificate)
        {
            options.ClientCertificates = [certificate];
        }

        return options;
    }

    private void Prepare(HttpRequestMessage request, VirtualUser user, RequestTrace? trace, TimeSpan timeLeft)
    {
        request.Version = _settings.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Options.Set(TransportOptions.Timeout, timeLeft > s_shortestTime ? timeLeft : s_shortestTime);
        if (trace is not null)
        {
            request.Options.Set(TransportOptions.Trace, trace);
        }

        if (user.Cookies?.GetCookieHeader(request.RequestUri!) is { Length: > 0 } cookies)
        {
            request.Headers.TryAddWithoutValidation("Cookie", cookies);
        }
    }

    private static void StoreCookies(VirtualUser user, Uri url, HttpResponseMessage response)
    {
        if (user.Cookies is null || !response.Headers.NonValidated.TryGetValues("Set-Cookie", out HeaderStringValues values))
        {
            return;
        }

        foreach (string value in values)
        {
            try
            {
                user.Cookies.SetCookies(url, value);
            }
            catch (CookieException)
            {
                // Another site's, or not a cookie: it is ignored, as browsers do.
            }
        }
    }

    private static async ValueTask<long> ReadToEndAsync(HttpContent content, MemoryStream? kept, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            Stream body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            long bytes = 0;
            while (await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var read and > 0)
            {
                bytes += read;
                kept?.Write(buffer.AsSpan(0, (int)Math.Min(read, ResponseText.MaxBody - kept.Length)));
            }

            return bytes;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>A response that was read to its end.</summary>
internal readonly record struct Answer(int Status, long Bytes, TimeSpan QueueTime, TimeSpan ResponseHeadersTime, int Redirects)
{
    /// <summary>For checks and captures, if there are any.</summary>
    public ResponseText? Text { get; init; }
}
