using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.Http;
using Elastic.Transport;
using Microsoft.AspNetCore.Http;
using OpenAI;
using OpenAI.Chat;
using Warmwire.Clients.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>Elastic.Transport and OpenAI's streaming over both handlers.</summary>
public sealed class SearchAndModelLibrariesTests
{
    [Fact]
    [Trait("Issue10", "Q9-elastic")]
    public Task Elastic_Transport_sends_and_tells_failures() => ClientScenario.AssertAsync(
        async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(async context =>
            {
                context.Response.ContentType = "application/json";
                if (context.Request.Path == "/missing")
                {
                    context.Response.StatusCode = 404;
                }

                using var reader = new StreamReader(context.Request.Body);
                int length = (await reader.ReadToEndAsync()).Length;
                await context.Response.WriteAsync($$"""{"method":"{{context.Request.Method}}","length":{{length}}}""");
            });
            var configuration = new TransportConfiguration(
                new SingleNodePool(server.HttpUri), new HttpRequestInvoker((_, _) => stage.CreateForLibrary()));
            var transport = new DistributedTransport(configuration);
            StringResponse get = await transport.RequestAsync<StringResponse>(Elastic.Transport.HttpMethod.GET, "/");
            stage.Outcome.Tell("get", $"{get.ApiCallDetails.HttpStatusCode} {get.Body}");
            StringResponse post = await transport.RequestAsync<StringResponse>(
                Elastic.Transport.HttpMethod.POST, "/_bulk", PostData.String("{}\n{}\n"));
            stage.Outcome.Tell("post", $"{post.ApiCallDetails.HttpStatusCode} {post.Body}");
            StringResponse missing = await transport.RequestAsync<StringResponse>(Elastic.Transport.HttpMethod.GET, "/missing");
            stage.Outcome.Tell("missing", missing.ApiCallDetails.HttpStatusCode);
            var refusing = new DistributedTransport(new TransportConfiguration(
                new SingleNodePool(new Uri("http://127.0.0.1:1")), new HttpRequestInvoker((_, _) => stage.CreateForLibrary())));
            StringResponse refused = await refusing.RequestAsync<StringResponse>(Elastic.Transport.HttpMethod.GET, "/");
            stage.Outcome.Tell("refused",
                $"{refused.ApiCallDetails.HasSuccessfulStatusCode} {refused.ApiCallDetails.OriginalException is HttpRequestException}");
        },
        ("get", "200 {\"method\":\"GET\",\"length\":0}"), ("missing", 404));

    [Fact]
    [Trait("Issue10", "Q10-openai-streaming")]
    public Task OpenAI_streams_a_completion_as_it_is_written() => ClientScenario.AssertAsync(
        async stage =>
        {
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using KestrelServer server = await KestrelServer.StartAsync(async context =>
            {
                context.Response.ContentType = "text/event-stream";
                for (int i = 0; i < 20; i++)
                {
                    await context.Response.WriteAsync(
                        "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
                        + $$$""" "choices":[{"index":0,"delta":{"content":"{{{i}}} "}}]}""" + "\n\n");
                    await context.Response.Body.FlushAsync();
                    if (i == 9)
                    {
                        await gate.Task; // half is there, the rest comes later
                    }
                }

                await context.Response.WriteAsync("data: [DONE]\n\n");
            });
            var client = new ChatClient("m", new ApiKeyCredential("key"), new OpenAIClientOptions
            {
                Endpoint = server.HttpUri,
                Transport = new HttpClientPipelineTransport(stage.Client()),
            });
            string text = "";
            int before = 0;
            await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync(new UserChatMessage("hello")))
            {
                text += string.Concat(update.ContentUpdate.Select(part => part.Text));
                if (++before == 10)
                {
                    stage.Outcome.Tell("before the rest", text);
                    gate.SetResult();
                }
            }

            stage.Outcome.Tell("text", text);
        },
        ("before the rest", "0 1 2 3 4 5 6 7 8 9 "), ("text", string.Concat(Enumerable.Range(0, 20).Select(i => $"{i} "))));
}
