using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Soak;

/// <summary>What Kestrel answers in the soak. The path is <c>/id/kind/size</c>.</summary>
internal static class SoakServer
{
    public static Task<KestrelServer> StartAsync() => KestrelServer.StartAsync(
        AnswerAsync,

        // So that what the server's own pools keep does not depend on how far its writers got ahead.
        new KestrelServerSettings { Configure = static kestrel => kestrel.Limits.MaxResponseBufferSize = 4096 });

    private static async Task AnswerAsync(HttpContext context)
    {
        string[] path = context.Request.Path.Value!.Split('/');
        (string id, string kind, int size) = (path[1], path[2], int.Parse(path[3], CultureInfo.InvariantCulture));
        if (context.Request.Body is { } upload && HttpMethods.IsPost(context.Request.Method))
        {
            using var copy = new MemoryStream();
            await upload.CopyToAsync(copy);
            if (copy.Length != size || !SoakBody.IsOf(id, copy.GetBuffer().AsSpan(0, (int)copy.Length)))
            {
                context.Response.StatusCode = 418;
                return;
            }
        }

        switch (Random.Shared.Next(100))
        {
            case 0:
                context.Abort();
                return;
            case 1:
                context.Response.Headers.Connection = "close";
                break;
            case < 8:
                await Task.Delay(Random.Shared.Next(1, 20));
                break;
            default:
                break;
        }

        context.Response.Headers["X-Id"] = id;
        byte[] body = Encoding.ASCII.GetBytes(SoakBody.Of(id, size));
        if (kind == "chunked")
        {
            for (int i = 0; i < body.Length;)
            {
                int count = Math.Min(body.Length - i, Random.Shared.Next(1, 8000));
                await context.Response.Body.WriteAsync(body.AsMemory(i, count));
                await context.Response.Body.FlushAsync();
                i += count;
            }

            return;
        }

        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body);
        }
    }
}
