using System.Net;
using System.Net.Http;
using Flurl.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Refit;
using RestSharp;
using Warmwire.Clients.Tests.Kit;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>RestSharp, Refit and Flurl over both handlers.</summary>
public sealed class TypedLibrariesTests
{
    private sealed record Note(int Id, string Text);

    public interface INotes
    {
        [Get("/notes/{id}")]
        Task<string> GetAsync(int id);

        [Post("/notes")]
        Task<string> CreateAsync([Body] string text);
    }

    [Fact]
    [Trait("Issue10", "Q5-rest-libraries")]
    public Task RestSharp_gets_posts_and_tells_failures() => AssertAsync(
        async (stage, server) =>
        {
            using var client = new RestClient(stage.Client(), new RestClientOptions(server.Uri));
            stage.Outcome.Tell("get", (await client.GetAsync<Note>(new RestRequest("notes/7")))?.Text);
            RestResponse posted = await client.ExecuteAsync(new RestRequest("notes", Method.Post).AddJsonBody(new Note(8, "new")));
            stage.Outcome.Tell("post", $"{(int)posted.StatusCode} {posted.Content}");
            RestResponse missing = await client.ExecuteAsync(new RestRequest("missing"));
            stage.Outcome.Tell("missing", $"{missing.StatusCode} {missing.ResponseStatus}");
            RestResponse late = await client.ExecuteAsync(new RestRequest("late") { Timeout = TimeSpan.FromMilliseconds(200) });
            stage.Outcome.Tell("late", late.ResponseStatus);
            RestResponse refused = await client.ExecuteAsync(new RestRequest("http://127.0.0.1:1/"));
            stage.Outcome.Tell("refused", refused.ResponseStatus);
            byte[]? download = await client.DownloadDataAsync(new RestRequest("large"));
            stage.Outcome.Tell("download", download?.Length);
        },
        ("get", "note 7"), ("download", 1_000_000));

    [Fact]
    [Trait("Issue10", "Q5-rest-libraries")]
    public Task Refit_gets_posts_and_tells_failures() => AssertAsync(
        async (stage, server) =>
        {
            HttpClient client = stage.Client();
            client.BaseAddress = server.Uri;
            INotes notes = RestService.For<INotes>(client);
            stage.Outcome.Tell("get", await notes.GetAsync(7));
            stage.Outcome.Tell("post", await notes.CreateAsync("new"));
            try
            {
                await notes.GetAsync(404);
            }
            catch (ApiException e)
            {
                stage.Outcome.Tell("missing", $"{e.StatusCode} {e.Content}");
            }
        },
        ("missing", "NotFound no"));

    [Fact]
    [Trait("Issue10", "Q5-rest-libraries")]
    public Task Flurl_gets_posts_streams_and_tells_failures() => AssertAsync(
        async (stage, server) =>
        {
            using var client = new FlurlClient(stage.Client(), server.Uri.AbsoluteUri);
            stage.Outcome.Tell("get", (await client.Request("notes", 7).GetJsonAsync<Note>()).Text);
            stage.Outcome.Tell("post", await client.Request("notes").PostStringAsync("new").ReceiveString());
            using (Stream stream = await client.Request("large").GetStreamAsync())
            {
                using var copy = new MemoryStream();
                await stream.CopyToAsync(copy);
                stage.Outcome.Tell("stream", copy.Length);
            }

            try
            {
                await client.Request("missing").GetAsync();
            }
            catch (FlurlHttpException e)
            {
                stage.Outcome.Tell("missing", e.StatusCode);
            }

            try
            {
                await client.Request("late").WithTimeout(TimeSpan.FromMilliseconds(200)).GetAsync();
            }
            catch (FlurlHttpTimeoutException)
            {
                stage.Outcome.Tell("late", "FlurlHttpTimeoutException");
            }
        },
        ("get", "note 7"), ("stream", 1_000_000), ("missing", 404), ("late", "FlurlHttpTimeoutException"));

    private static Task AssertAsync(Func<ClientStage, AppServer, Task> scenario, params (string Fact, object? Value)[] right) =>
        ClientScenario.AssertAsync(
        async stage =>
        {
            await using AppServer server = await AppServer.StartAsync(app =>
            {
                app.MapGet("/notes/{id:int}", async (int id, HttpContext context) =>
                {
                    if (id == 404)
                    {
                        context.Response.StatusCode = 404;
                        await context.Response.WriteAsync("no");
                        return;
                    }

                    context.Response.ContentType = "application/json";
                    await context.Response.WriteAsync($$"""{"id":{{id}},"text":"note {{id}}"}""");
                });
                app.MapPost("/notes", async context =>
                {
                    using var reader = new StreamReader(context.Request.Body);
                    string body = await reader.ReadToEndAsync();
                    context.Response.StatusCode = 201;
                    await context.Response.WriteAsync($"received {body.Length} bytes of {context.Request.ContentType}");
                });
                app.MapGet("/large", context => context.Response.Body.WriteAsync(new byte[1_000_000]).AsTask());
                app.MapGet("/late", context => Task.Delay(Timeout.Infinite, context.RequestAborted));
            });
            await scenario(stage, server);
        },
        right);
}
