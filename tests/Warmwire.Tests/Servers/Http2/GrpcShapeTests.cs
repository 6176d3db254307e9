using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>Calls in the shape of gRPC: framed messages both ways, the status in the trailers.</summary>
public sealed class GrpcShapeTests
{
    [Fact]
    public async Task A_unary_call()
    {
        await using KestrelServer server = await StartAsync(static async (request, reply) => await reply($"got {await request()}"));
        using HttpClient client = Subject.CreateClient();
        using HttpResponseMessage response =
            await client.SendAsync(Call(server, new ByteArrayContent(Frame("one"))), HttpCompletionOption.ResponseHeadersRead);
        Stream answers = await response.Content.ReadAsStreamAsync();
        Assert.Equal("got one", await ReadMessageAsync(answers));
        await AssertOkAsync(response, answers);
    }

    [Fact]
    public async Task A_call_that_fails_at_once_has_its_status_in_the_head_or_the_trailers()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            static context =>
            {
                context.Response.Headers["grpc-status"] = "12";
                return Task.CompletedTask;
            },
            new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
        using HttpClient client = Subject.CreateClient();
        using HttpResponseMessage response =
            await client.SendAsync(Call(server, new ByteArrayContent(Frame("one"))), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("12", Assert.Single(response.Headers.GetValues("grpc-status")));
    }

    [Fact]
    public async Task Client_streaming()
    {
        await using KestrelServer server = await StartAsync(static async (request, reply) =>
        {
            int count = 0;
            while (await request() is not null)
            {
                count++;
            }

            await reply($"{count} messages");
        });
        using HttpClient client = Subject.CreateClient();
        var content = new PushContent(static async stream =>
        {
            for (int i = 0; i < 1000; i++)
            {
                await stream.WriteAsync(Frame(new string('m', i)));
            }
        });
        using HttpResponseMessage response = await client.SendAsync(Call(server, content), HttpCompletionOption.ResponseHeadersRead);
        Stream answers = await response.Content.ReadAsStreamAsync();
        Assert.Equal("1000 messages", await ReadMessageAsync(answers));
        await AssertOkAsync(response, answers);
    }

    [Fact]
    public async Task Server_streaming()
    {
        await using KestrelServer server = await StartAsync(static async (request, reply) =>
        {
            await request();
            for (int i = 0; i < 1000; i++)
            {
                await reply(new string('r', i));
            }
        });
        using HttpClient client = Subject.CreateClient();
        using HttpResponseMessage response =
            await client.SendAsync(Call(server, new ByteArrayContent(Frame("go"))), HttpCompletionOption.ResponseHeadersRead);
        Stream answers = await response.Content.ReadAsStreamAsync();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(i, (await ReadMessageAsync(answers))!.Length);
        }

        await AssertOkAsync(response, answers);
    }

    [Fact]
    public async Task Duplex_each_side_waits_for_the_other()
    {
        await using KestrelServer server = await StartAsync(static async (request, reply) =>
        {
            while (await request() is string message)
            {
                await reply($"echo {message}");
            }
        });
        using HttpClient client = Subject.CreateClient();
        var toServer = new TaskCompletionSource<Stream>();
        var done = new TaskCompletionSource();
        var content = new PushContent(async stream =>
        {
            await stream.FlushAsync(); // the head goes out before there is a message
            toServer.SetResult(stream);
            await done.Task;
        });
        using HttpResponseMessage response = await Guard.Within(
            client.SendAsync(Call(server, content), HttpCompletionOption.ResponseHeadersRead),
            () => "the head of the response before the end of the request");
        Stream questions = await toServer.Task;
        Stream answers = await response.Content.ReadAsStreamAsync();
        for (int i = 0; i < 100; i++)
        {
            await questions.WriteAsync(Frame($"{i}"));
            await questions.FlushAsync();
            Assert.Equal($"echo {i}", await Guard.Within(ReadMessageAsync(answers), () => $"answer {i}"));
        }

        done.SetResult();
        await AssertOkAsync(response, answers);
    }

    [Fact]
    public async Task A_duplex_call_that_is_given_up_ends_at_the_server()
    {
        var aborted = new TaskCompletionSource();
        await using KestrelServer server = await KestrelServer.StartAsync(
            async context =>
            {
                context.RequestAborted.Register(aborted.SetResult);
                await context.Response.StartAsync();
                await context.Response.Body.FlushAsync();
                await aborted.Task;
            },
            new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
        using HttpClient client = Subject.CreateClient();
        PushContent content = null!;
        content = new PushContent(async stream =>
        {
            await stream.FlushAsync();
            await Task.Delay(Timeout.Infinite, content.Token);
        });
        HttpResponseMessage response = await client.SendAsync(Call(server, content), HttpCompletionOption.ResponseHeadersRead);
        response.Dispose();
        await Guard.Within(aborted.Task, () => "the server's end of the call");
    }

    /// <summary>A server that reads messages, writes messages, and ends with status 0.</summary>
    private static Task<KestrelServer> StartAsync(Func<Func<Task<string?>>, Func<string, Task>, Task> serve) =>
        KestrelServer.StartAsync(context => ServeAsync(context, serve), new KestrelServerSettings { Protocols = HttpProtocols.Http2 });

    private static async Task ServeAsync(HttpContext context, Func<Func<Task<string?>>, Func<string, Task>, Task> serve)
    {
        Assert.Equal("trailers", context.Request.Headers.TE.ToString());
        Assert.Equal("application/grpc", context.Request.ContentType);
        context.Response.ContentType = "application/grpc";
        await context.Response.StartAsync();
        await context.Response.Body.FlushAsync();
        await serve(
            () => ReadMessageAsync(context.Request.Body),
            async message =>
            {
                await context.Response.Body.WriteAsync(Frame(message));
                await context.Response.Body.FlushAsync();
            });
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static HttpRequestMessage Call(KestrelServer server, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.HttpUri, "/service/Method"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.ParseAdd("trailers");
        return request;
    }

    private static async Task AssertOkAsync(HttpResponseMessage response, Stream answers)
    {
        Assert.Null(await ReadMessageAsync(answers));
        Assert.Equal("0", Assert.Single(response.TrailingHeaders.GetValues("grpc-status")));
    }

    private static byte[] Frame(string message)
    {
        byte[] frame = [0, 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(message)];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        return frame;
    }

    /// <summary>The next message; <see langword="null"/> at the end.</summary>
    private static async Task<string?> ReadMessageAsync(Stream stream)
    {
        byte[] head = new byte[5];
        int read = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false);
        if (read == 0)
        {
            return null;
        }

        Assert.Equal(head.Length, read);
        byte[] message = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await stream.ReadExactlyAsync(message);
        return Encoding.ASCII.GetString(message);
    }
}
