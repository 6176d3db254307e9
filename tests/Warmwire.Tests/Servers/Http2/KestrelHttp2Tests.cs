using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>Against a real server in the same process, with TLS and without (prior knowledge).</summary>
public sealed class KestrelHttp2Tests
{
    private static readonly KestrelServerSettings s_http2 =
        new() { Protocols = HttpProtocols.Http2, Configure = kestrel => kestrel.Limits.MaxRequestBodySize = null };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_share_one_connection(bool tls)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            context => context.Response.WriteAsync(
                $"{context.Request.Protocol} {context.Request.Scheme} {context.Request.Path}{context.Request.QueryString}"),
            s_http2);
        using HttpClient client = Subject.CreateClient();
        for (int i = 0; i < 5; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(Uri(server, tls), $"/path?{i}"));
            Assert.Equal(HttpVersion.Version20, response.Version);
            Assert.Equal($"HTTP/2 {(tls ? "https" : "http")} /path?{i}", await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(false, 100_000)]
    [InlineData(true, 100_000)]
    [InlineData(false, 10_000_000)]
    [InlineData(true, 10_000_000)]
    public async Task Bodies_come_back_as_they_were_sent(bool tls, int length)
    {
        byte[] body = new byte[length];
        Random.Shared.NextBytes(body);
        await using KestrelServer server = await KestrelServer.StartAsync(
            static async context =>
            {
                using var copy = new MemoryStream();
                await context.Request.Body.CopyToAsync(copy);
                await context.Response.Body.WriteAsync(copy.ToArray());
            },
            s_http2);
        using HttpClient client = Subject.CreateClient();
        foreach (HttpContent content in new HttpContent[] { new ByteArrayContent(body), new StreamContent(new MemoryStream(body)) })
        {
            using HttpResponseMessage response = await client.PostAsync(Uri(server, tls), content);
            Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Many_requests_at_once_get_each_its_own_answer(bool tls)
    {
        const int Requests = 200;
        await using KestrelServer server = await KestrelServer.StartAsync(
            async context =>
            {
                await Task.Yield();
                using var reader = new StreamReader(context.Request.Body);
                await context.Response.WriteAsync($"{context.Request.Path} {await reader.ReadToEndAsync()}");
            },
            s_http2);
        using HttpClient client = Subject.CreateClient();
        (await client.GetAsync(Uri(server, tls))).Dispose();
        string[] answers = await Task.WhenAll(Enumerable.Range(0, Requests).Select(async i =>
        {
            using HttpResponseMessage response =
                await client.PostAsync(new Uri(Uri(server, tls), $"/{i}"), new StringContent(new string('x', i * 10)));
            return await response.Content.ReadAsStringAsync();
        }));
        Assert.Equal(Enumerable.Range(0, Requests).Select(i => $"/{i} {new string('x', i * 10)}"), answers);
        Assert.InRange(server.Connections, 1, 5); // Kestrel's limit is 100 streams
    }

    [Fact]
    public async Task Trailers_arrive_after_the_body()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            async context =>
            {
                context.Response.DeclareTrailer("x-sum");
                await context.Response.WriteAsync("body");
                context.Response.AppendTrailer("x-sum", "4");
            },
            s_http2);
        using HttpClient client = Subject.CreateClient();
        using HttpResponseMessage response = await client.GetAsync(server.HttpUri);
        Assert.Equal("body", await response.Content.ReadAsStringAsync());
        Assert.Equal("4", Assert.Single(response.TrailingHeaders.GetValues("x-sum")));
    }

    [Fact]
    public async Task Requests_that_are_given_up_leave_the_connection_alone()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            async context =>
            {
                if (context.Request.Path == "/slow")
                {
                    await context.Response.WriteAsync("beginning");
                    await context.Response.Body.FlushAsync();
                    await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                }
            },
            s_http2);
        using HttpClient client = Subject.CreateClient();
        for (int i = 0; i < 50; i++)
        {
            using var cancel = new CancellationTokenSource();
            using HttpResponseMessage response =
                await client.GetAsync(new Uri(server.HttpUri, "/slow"), HttpCompletionOption.ResponseHeadersRead);
            Task<string> reading = response.Content.ReadAsStringAsync(cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
            (await client.GetAsync(server.HttpUri)).Dispose();
        }

        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_server_that_aborts_a_stream_fails_that_request_alone()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            context =>
            {
                if (context.Request.Path == "/abort")
                {
                    context.Features.Get<IHttpResetFeature>()!.Reset((int)Http2ErrorCode.InternalError);
                }

                return Task.CompletedTask;
            },
            s_http2);
        using HttpClient client = Subject.CreateClient();
        (await client.GetAsync(server.HttpUri)).Dispose();
        HttpRequestException error = await Assert.ThrowsAnyAsync<HttpRequestException>(
            () => client.PostAsync(new Uri(server.HttpUri, "/abort"), new StringContent("x")));
        Assert.Equal(HttpRequestError.HttpProtocolError, error.HttpRequestError);
        (await client.GetAsync(server.HttpUri)).Dispose();
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task Long_headers_both_ways_need_continuation()
    {
        string text = new('h', 20_000);
        await using KestrelServer server = await KestrelServer.StartAsync(
            context =>
            {
                context.Response.Headers["x-long"] = context.Request.Headers["x-long"];
                context.Response.Headers.ContentLength = 0;
                return Task.CompletedTask;
            },
            new KestrelServerSettings
            {
                Protocols = HttpProtocols.Http2,
                Configure = kestrel => kestrel.Limits.Http2.MaxRequestHeaderFieldSize = 64 * 1024,
            });
        using HttpClient client = Subject.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.HttpUri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("x-long", text);
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal(text, Assert.Single(response.Headers.GetValues("x-long")));
    }

    [Fact]
    public async Task A_stopping_server_sends_GOAWAY_and_the_next_takes_over()
    {
        using HttpClient client = Subject.CreateClient();
        for (int i = 0; i < 3; i++)
        {
            await using KestrelServer server =
                await KestrelServer.StartAsync(context => context.Response.WriteAsync(i.ToString(CultureInfo.InvariantCulture)), s_http2);
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), await client.GetStringAsync(server.HttpUri));
        }
    }

    private static Uri Uri(KestrelServer server, bool tls) => tls ? server.HttpsUri : server.HttpUri;
}
