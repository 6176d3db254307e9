using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Warmwire.Samples.HttpFunction;

/// <summary>Calls the upstream for each request and says how that went.</summary>
internal sealed class HttpFunctionEndpoint
{
    private readonly HttpFunctionSettings _settings;
    private readonly HttpClient? _shared;

    private HttpFunctionEndpoint(HttpFunctionSettings settings)
    {
        _settings = settings;
        if (settings.Reuse)
        {
            // Made here, once, before the first request. The function's own deadline covers the whole call, so the client has none.
            _shared = WarmHttp.CreateClient(handler =>
            {
                handler.RequestTimeout = Timeout.InfiniteTimeSpan;
                handler.ResponseHeadersTimeout = Timeout.InfiniteTimeSpan;
            });
        }
    }

    /// <summary>Adds the function. The client it makes ends with the application.</summary>
    /// <param name="app">The application, or a group of its routes.</param>
    /// <param name="settings">What it calls, and how.</param>
    /// <param name="pattern">The paths it answers; every path by default.</param>
    public static void Map(IEndpointRouteBuilder app, HttpFunctionSettings settings, string pattern = "/{**path}")
    {
        var endpoint = new HttpFunctionEndpoint(settings);
        app.ServiceProvider.GetService<IHostApplicationLifetime>()?.ApplicationStopped.Register(() => endpoint._shared?.Dispose());
        app.Map(pattern, endpoint.AnswerAsync);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        (int status, string text) = await CallAsync(context.RequestAborted);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    private async Task<(int Status, string Text)> CallAsync(CancellationToken callerLeft)
    {
        using var deadline = new CancellationTokenSource(_settings.Timeout, _settings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, callerLeft);
        try
        {
            HttpStatusCode status;
            if (_shared is not null)
            {
                status = await CallAsync(_shared, either.Token);
            }
            else
            {
                // A common mistake: each request opens a connection and leaves a socket in TIME_WAIT.
                using var client = new HttpClient();
                status = await CallAsync(client, either.Token);
            }

            return status == HttpStatusCode.OK
                ? (StatusCodes.Status200OK, "ok")
                : (StatusCodes.Status500InternalServerError, $"Bad StatusCode: {(int)status}");
        }
        catch (Exception e) when (!callerLeft.IsCancellationRequested)
        {
            string reason = deadline.IsCancellationRequested
                ? $"no complete answer within {_settings.Timeout.TotalSeconds:0.###} s"
                : e.Message;
            // Without the name, the password and the query that the URL may have: a log is read by many.
            string upstream = _settings.Upstream.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
            _settings.Log($"http: GET {upstream}: {reason}");
            return (StatusCodes.Status500InternalServerError, "Error making request");
        }
        catch (Exception) when (callerLeft.IsCancellationRequested)
        {
            // Nobody is there to read an answer; this one is for the server's own records.
            return (StatusCodes.Status499ClientClosedRequest, "");
        }
    }

    private async Task<HttpStatusCode> CallAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await client.GetAsync(
            _settings.Upstream, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        // A connection is free for the next request at the body's last byte, so the body is read, whatever the status, and kept nowhere.
        await response.Content.CopyToAsync(Stream.Null, cancellationToken);
        return response.StatusCode;
    }
}
