using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Warmwire.Bench.Server;

/// <summary>
/// The places of the bench's server: those nginx has too, and those it cannot have. <c>/slow</c> answers after <c>ms=</c> milliseconds,
/// <c>/together/N</c> when N requests have come, <c>/saturated</c> when a worker of few has had time, <c>/endless</c> until its request is
/// aborted, <c>/stats</c> tells the connections accepted.
/// </summary>
internal sealed class Answers
{
    private const int ExtraHeaders = 26; // with Date, Server, Content-Type and Content-Length: 30

    private static readonly byte[] s_hello = "Hello, World!\n"u8.ToArray();
    private static readonly byte[] s_zeros = new byte[64 * 1024];

    private readonly ConnectionCount _connections;
    private readonly Gathering _gathering = new();
    private readonly Saturation _saturation = new();

    public Answers(ConnectionCount connections) => _connections = connections;

    public async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        switch (path)
        {
            case "/plaintext":
                await HelloAsync(context.Response);
                break;
            case "/post":
                await context.Request.BodyReader.CopyToAsync(Stream.Null);
                await HelloAsync(context.Response);
                break;
            case "/headers":
                for (int i = 0; i < ExtraHeaders; i++)
                {
                    context.Response.Headers[string.Create(CultureInfo.InvariantCulture, $"X-Bench-{i}")] = "a value of an ordinary length";
                }

                await HelloAsync(context.Response);
                break;
            case "/chunked":
                context.Response.ContentType = "text/plain";
                await context.Response.Body.WriteAsync(s_hello);
                break;
            case "/1m":
                await ZerosAsync(context.Response, 1L << 20);
                break;
            case "/1g":
                await ZerosAsync(context.Response, 1L << 30);
                break;
            case "/endless":
                await EndlessAsync(context);
                break;
            case "/slow":
                await Task.Delay(int.Parse(context.Request.Query["ms"]!, CultureInfo.InvariantCulture));
                await HelloAsync(context.Response);
                break;
            case "/saturated":
                await _saturation.ServeAsync();
                await HelloAsync(context.Response);
                break;
            case "/stats":
                await context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{_connections.Accepted}\n"));
                break;
            default:
                await OtherAsync(context, path);
                break;
        }
    }

    private async Task OtherAsync(HttpContext context, string path)
    {
        const string Together = "/together/";
        if (path.StartsWith(Together, StringComparison.Ordinal))
        {
            await _gathering.WaitForAsync(int.Parse(path.AsSpan(Together.Length), CultureInfo.InvariantCulture));
            await HelloAsync(context.Response);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    private static Task HelloAsync(HttpResponse response)
    {
        response.ContentType = "text/plain";
        response.ContentLength = s_hello.Length;
        return response.Body.WriteAsync(s_hello).AsTask();
    }

    private static async Task EndlessAsync(HttpContext context)
    {
        try
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.BodyWriter.WriteAsync(s_zeros, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // Its reader has seen enough.
        }
    }

    private static async Task ZerosAsync(HttpResponse response, long length)
    {
        response.ContentLength = length;
        PipeWriter writer = response.BodyWriter;
        for (long left = length; left > 0; left -= s_zeros.Length)
        {
            await writer.WriteAsync(s_zeros.AsMemory(0, (int)Math.Min(left, s_zeros.Length)));
        }
    }
}
