using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>Sends the requests of a load test through one <see cref="PooledHttpHandler"/> and reads each answer to its end.</summary>
internal sealed class LoadSender : IDisposable
{
    private const int BufferSize = 16 * 1024;

    private readonly QuickSettings _settings;
    private readonly RequestTrace _trace;
    private readonly HttpMessageInvoker _invoker;

    public LoadSender(QuickSettings settings, RequestTrace trace)
    {
        _settings = settings;
        _trace = trace;
        var handler = new PooledHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,

            // A load sends what it says. What is sent again would hide a failure, and be one request more.
            ReplayPolicy = ReplayPolicy.Never,

            // There is one timeout, that of the option.
            ConnectTimeout = settings.Timeout,
            TlsHandshakeTimeout = settings.Timeout,
        };
        if (settings.MaxConnections is { } limit)
        {
            handler.MaxConnectionsPerServer = limit;
        }

        if (settings.NewConnectionPerRequest)
        {
            // Never kept: what a new client for each request does to the server and to this machine's ports.
            handler.PooledConnectionLifetime = TimeSpan.Zero;
        }

        if (settings.Insecure)
        {
#pragma warning disable CA5359 // That is what --insecure asks for.
            handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
#pragma warning restore CA5359
        }

        MaxConnections = handler.MaxConnections;

        // What the load has opened it keeps: closing a surplus only to open it again would be churn that the target did not cause.
        handler.MaxIdleConnections = MaxConnections;
        handler.MaxIdleConnectionsPerServer = MaxConnections;
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>How many connections there can be at most, so that descriptors suffice.</summary>
    public int MaxConnections { get; }

    /// <summary>One request and its whole answer.</summary>
    public async Task<Answer> SendAsync(CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = CreateRequest();
        using HttpResponseMessage response = await _invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
        TransportConnectionInfo? info = response.GetConnectionInfo();
        long bytes = await ReadToEndAsync(response.Content, cancellationToken).ConfigureAwait(false);
        return new Answer((int)response.StatusCode, bytes, info?.QueueTime ?? TimeSpan.Zero, info?.ResponseHeadersTime ?? TimeSpan.Zero);
    }

    public void Dispose() => _invoker.Dispose();

    private HttpRequestMessage CreateRequest()
    {
        var request = new HttpRequestMessage(_settings.Method, _settings.Url)
        {
            Version = _settings.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (_settings.Payload is { } payload)
        {
            request.Content = new ByteArrayContent(payload);
            if (_settings.ContentType is { } type)
            {
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            }
        }

        foreach ((string name, string value) in _settings.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.Remove(name);
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        request.Options.Set(TransportOptions.Timeout, _settings.Timeout);
        request.Options.Set(TransportOptions.Trace, _trace);
        return request;
    }

    private static async ValueTask<long> ReadToEndAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            Stream body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            long bytes = 0;
            while (await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var read and > 0)
            {
                bytes += read;
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
internal readonly record struct Answer(int Status, long Bytes, TimeSpan QueueTime, TimeSpan ResponseHeadersTime);
