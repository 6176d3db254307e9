using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Warmwire.Tests.Kit;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Warmwire.Tests.Soak;

/// <summary>
/// What Kestrel answers in the soak over HTTP/2. The path is <c>/id/kind/size</c>. Every now and then it says GOAWAY on the connection
/// that a request has come over, or kills it, and it counts how often it has begun each POST.
/// </summary>
internal sealed class Http2SoakServer
{
    /// <summary>What the server does with a request.</summary>
    public static readonly string[] Kinds = ["sized", "chunked", "slow", "echo", "early", "hang"];

    private static readonly TimeSpan s_betweenGoAways = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan s_betweenKills = TimeSpan.FromMilliseconds(1900);

    private readonly ConcurrentDictionary<string, int> _posts = new();
    private long _goAwayAt;
    private long _killAt;
    private int _goAways;
    private int _kills;

    public int GoAways => Volatile.Read(ref _goAways);

    public int Kills => Volatile.Read(ref _kills);

    public Task<KestrelServer> StartAsync() => KestrelServer.StartAsync(
        AnswerAsync,
        new KestrelServerSettings
        {
            Protocols = HttpProtocols.Http2,

            // So that what the server's own pools keep does not depend on how far its writers got ahead.
            Configure = static kestrel => kestrel.Limits.MaxResponseBufferSize = 4096,
        });

    /// <summary>How often each POST was begun, by its id. Forgets them.</summary>
    public Dictionary<string, int> TakePosts()
    {
        var posts = new Dictionary<string, int>(_posts);
        _posts.Clear();
        return posts;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string[] path = context.Request.Path.Value!.Split('/');
        (string id, string kind, int size) = (path[1], path[2], int.Parse(path[3], CultureInfo.InvariantCulture));
        bool post = HttpMethods.IsPost(context.Request.Method);
        if (post)
        {
            _posts.AddOrUpdate(id, 1, static (_, count) => count + 1);
        }

        EndConnectionIfDue(context);
        context.Response.Headers["X-Id"] = id;
        if (kind == "early")
        {
            // The response is complete before the request is: what is left of that gets RST_STREAM with NO_ERROR.
            await WriteAsync(context, id, size);
            return;
        }

        if (kind == "echo")
        {
            await EchoAsync(context);
            return;
        }

        if (post && !await ReadsAsTaggedAsync(context.Request.Body, id, size))
        {
            context.Response.StatusCode = 418;
            return;
        }

        switch (Random.Shared.Next(100))
        {
            case 0:
                context.Abort();
                return;
            case < 8:
                await Task.Delay(Random.Shared.Next(1, 20));
                break;
            default:
                break;
        }

        if (kind == "hang")
        {
            // Its client gives up, with the head or before.
            if (size % 2 == 0)
            {
                await context.Response.StartAsync();
                await WriteAsync(context, id, size);
                await context.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        if (kind == "sized")
        {
            context.Response.ContentLength = size;
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await WriteAsync(context, id, size);
            }

            return;
        }

        byte[] body = Encoding.ASCII.GetBytes(SoakBody.Of(id, size));
        for (int i = 0; i < body.Length;)
        {
            int count = Math.Min(body.Length - i, Random.Shared.Next(1, 8000));
            await context.Response.Body.WriteAsync(body.AsMemory(i, count));
            await context.Response.Body.FlushAsync();
            i += count;
            if (kind == "slow")
            {
                await Task.Delay(Random.Shared.Next(1, 10));
            }
        }

        context.Response.AppendTrailer("X-Trailer", id);
    }

    /// <summary>Both directions at once.</summary>
    private static async Task EchoAsync(HttpContext context)
    {
        byte[] buffer = new byte[16 * 1024];
        while (await context.Request.Body.ReadAsync(buffer) is > 0 and var read)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read));
        }
    }

    private static async Task WriteAsync(HttpContext context, string id, int size) =>
        await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(SoakBody.Of(id, size)));

    private static async Task<bool> ReadsAsTaggedAsync(Stream upload, string id, int size)
    {
        using var copy = new MemoryStream();
        await upload.CopyToAsync(copy);
        return copy.Length == size && SoakBody.IsOf(id, copy.GetBuffer().AsSpan(0, (int)copy.Length));
    }

    private void EndConnectionIfDue(HttpContext context)
    {
        if (IsDue(ref _goAwayAt, s_betweenGoAways))
        {
            Interlocked.Increment(ref _goAways);
            context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose();
        }
        else if (IsDue(ref _killAt, s_betweenKills))
        {
            Interlocked.Increment(ref _kills);
            context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
        }
    }

    /// <summary>To one request in so much time.</summary>
    private static bool IsDue(ref long at, TimeSpan every)
    {
        long last = Volatile.Read(ref at);
        return Stopwatch.GetElapsedTime(last) >= every && Interlocked.CompareExchange(ref at, Stopwatch.GetTimestamp(), last) == last;
    }
}
