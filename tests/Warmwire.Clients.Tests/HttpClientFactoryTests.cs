using System.Net;
using System.Net.Http;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Warmwire.Clients.Tests.Kit;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>IHttpClientFactory with both handlers as the primary one, and Microsoft.Extensions.Http.Resilience above them.</summary>
public sealed class HttpClientFactoryTests
{
    // The factory disposes an expired handler when nobody uses its client any more; a caller that still reads a body of it has the body
    // alone.
    [Fact]
    [Trait("Issue10", "B5-factory-rotation")]
    public Task The_rotation_of_handlers_does_not_cut_a_download() => ClientScenario.AssertAsync(
        async stage =>
        {
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using AppServer server = await AppServer.StartAsync(app => app.MapGet("/", async context =>
            {
                await context.Response.WriteAsync("first");
                await context.Response.Body.FlushAsync();
                await gate.Task;
                await context.Response.WriteAsync("last");
            }));
            var services = new ServiceCollection();
            services.AddHttpClient("api").ConfigurePrimaryHttpMessageHandler(() => stage.CreateForLibrary()).SetHandlerLifetime(
                TimeSpan.FromSeconds(1));
            await using ServiceProvider provider = services.BuildServiceProvider();
            var factory = provider.GetRequiredService<IHttpClientFactory>();
            Stream body = await StartDownloadAsync(factory, server.Uri);
            bool disposed = await ExpireAsync(factory);
            stage.Outcome.Tell("the handler was disposed", disposed);
            gate.SetResult();
            using var reader = new StreamReader(body);
            await stage.Outcome.TellAsync("download", Guard.Within(reader.ReadToEndAsync(), () => "the rest of the download"));
        },
        ("the handler was disposed", true), ("download", "ok"));

    [Fact]
    [Trait("Issue10", "Q3-resilience")]
    public Task The_standard_resilience_handler_retries_as_over_NET() => ClientScenario.AssertAsync(
        async stage =>
        {
            int requests = 0;
            await using AppServer server = await AppServer.StartAsync(app => app.MapGet("/", context =>
            {
                context.Response.StatusCode = Interlocked.Increment(ref requests) < 3 ? 503 : 200;
                return Task.CompletedTask;
            }));
            await using ServiceProvider provider = Resilient(stage);
            using HttpResponseMessage response =
                await provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync(server.Uri);
            stage.Outcome.Tell("status", response.StatusCode);
            stage.Outcome.Tell("requests", requests);
        },
        ("status", HttpStatusCode.OK), ("requests", 3));

    [Fact]
    [Trait("Issue10", "Q3-resilience")]
    public Task The_standard_resilience_handler_retries_connections_that_break_and_are_refused() => ClientScenario.AssertAsync(
        async stage =>
        {
            int accepted = 0;
            await using var server = new RawServer(async (stream, _, token) =>
            {
                byte[] buffer = new byte[1000];
                int read = await stream.ReadAsync(buffer, token);
                if (Interlocked.Increment(ref accepted) >= 3 && read > 0)
                {
                    await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray(), token);
                    read = await stream.ReadAsync(buffer, token);
                    Assert.Equal(0, read); // the end
                }
            });
            await using ServiceProvider provider = Resilient(stage);
            HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
            stage.Outcome.Tell("broken, then good", await client.GetStringAsync(server.Uri));
            await stage.Outcome.TellAsync("refused", client.GetStringAsync("http://127.0.0.1:1/"));
        },
        ("broken, then good", "ok"));

    private static ServiceProvider Resilient(ClientStage stage)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("api").ConfigurePrimaryHttpMessageHandler(() => stage.CreateForLibrary()).AddStandardResilienceHandler(
            options =>
        {
            options.Retry.Delay = TimeSpan.FromMilliseconds(10);
            options.Retry.UseJitter = false;
        });
        return services.BuildServiceProvider();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<Stream> StartDownloadAsync(IHttpClientFactory factory, Uri uri)
    {
        HttpClient client = factory.CreateClient("api");
        HttpResponseMessage response = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
        Stream body = await response.Content.ReadAsStreamAsync();
        byte[] first = new byte[5];
        await body.ReadExactlyAsync(first);
        return body;
    }

    /// <summary>
    /// Lets the factory's own clean-up run until it has disposed the expired handler: it does so every ten seconds, which is too long for
    /// a test.
    /// </summary>
    private static async Task<bool> ExpireAsync(IHttpClientFactory factory)
    {
        const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        MethodInfo cleanup = factory.GetType().GetMethod("CleanupTimer_Tick", Private)!;
        FieldInfo expired = factory.GetType().GetField("_expiredHandlers", Private)!;
        bool sawOne = false;
        for (int i = 0; i < 100; i++)
        {
            // Real time: a poll, since the collector frees the expired handler at its own time.
            await Task.Delay(50);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            int count = ((System.Collections.ICollection)expired.GetValue(factory)!).Count;
            if (sawOne && count == 0)
            {
                return true;
            }

            sawOne |= count > 0;
            if (sawOne)
            {
                cleanup.Invoke(factory, null);
            }
        }

        return false;
    }
}
