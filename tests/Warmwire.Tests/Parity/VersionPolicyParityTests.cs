using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Which version a request goes out with, for versions nobody speaks too.</summary>
public sealed class VersionPolicyParityTests
{
    [Theory]
    [InlineData("0.9")]
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("1.2")]
    [InlineData("1.6")]
    [InlineData("2.0")]
    [InlineData("2.1")]
    [InlineData("3.0")]
    [InlineData("4.2")]
    [Trait("Issue10", "S1-odd-versions")]
    public Task Versions_with_RequestVersionOrLower_go_out_as_with_NET(string version) =>
        AssertSameAsync(version, HttpVersionPolicy.RequestVersionOrLower);

    [Theory]
    [InlineData("1.2")]
    [InlineData("1.6")]
    [InlineData("2.1")]
    [InlineData("4.2")]
    [Trait("Issue10", "S2-odd-versions-or-higher")]
    public Task Versions_with_RequestVersionOrHigher_go_out_as_with_NET(string version) =>
        AssertSameAsync(version, HttpVersionPolicy.RequestVersionOrHigher);

    [Fact]
    [Trait("Issue10", "S3-chunked-without-content-h2")]
    public Task Transfer_Encoding_chunked_without_content_is_refused_before_anything_is_dialed() => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            using HttpRequestMessage request = ParityStage.Http2(HttpMethod.Post);
            request.Headers.TransferEncodingChunked = true;
            await stage.Outcome.TellAsync("request", () => invoker.SendAsync(request, default).WaitAsync(TimeSpan.FromSeconds(3)));
            stage.Outcome.TellAtMost("dials", stage.Network.DialCount);
        },
        ("dials", 0));

    private static Task AssertSameAsync(string version, HttpVersionPolicy policy) => ParityScenario.AssertAsync(async stage =>
    {
        var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RawServer(async (stream, _, token) =>
        {
            byte[] start = new byte[14];
            int read = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, token);
            string text = System.Text.Encoding.ASCII.GetString(start, 0, read);
            seen.TrySetResult(text);
            if (text.StartsWith("GET", StringComparison.Ordinal))
            {
                await RawPeer.ReadHeadAsync(stream, token);
                await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", token);
                await RawPeer.CountAsync(stream, 1, token);
            }
        });
        using HttpMessageInvoker invoker = stage.Invoker();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri) { Version = Version.Parse(version), VersionPolicy = policy };
        Task<HttpResponseMessage> sending = StartAsync(invoker, request);
        if (await Task.WhenAny(sending, seen.Task) == seen.Task)
        {
            stage.Outcome.Tell("the wire has", (await seen.Task).TrimEnd());
        }

        string end;
        try
        {
            using HttpResponseMessage response = await ParityStage.Soon(sending, "the request's end");
            end = $"{(int)response.StatusCode}, response of {response.Version}";
        }
        catch (Exception e)
        {
            end = ParityOutcome.Describe(e).Split(" > ")[0].Split('(')[0];
            bool advisesItself = e.Message.Contains($"{policy}.", StringComparison.Ordinal)
                || e.Message.Contains($"HttpVersionPolicy.{policy}", StringComparison.Ordinal);
            stage.Outcome.Tell("advises the policy that is in force", advisesItself);
        }

        if (seen.Task.IsCompleted)
        {
            stage.Outcome.Tell("the wire has", (await seen.Task).TrimEnd());
        }

        stage.Outcome.Tell("request", end);
    });

    private static async Task<HttpResponseMessage> StartAsync(HttpMessageInvoker invoker, HttpRequestMessage request) =>
        await invoker.SendAsync(request, default);
}
