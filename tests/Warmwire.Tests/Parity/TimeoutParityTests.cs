using System.Diagnostics;
using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Time limits that programs set, and what retry predicates see when they pass.</summary>
public sealed class TimeoutParityTests
{
    [Fact]
    [Trait("Issue10", "R1-connect-timeout-covers-tls")]
    public Task ConnectTimeout_bounds_the_TLS_handshake_too() => ParityScenario.AssertAsync(
        async stage =>
        {
            // never a word of TLS
            await using var server = new RawServer((stream, _, token) => RawPeer.CountAsync(stream, long.MaxValue, token));
            using HttpMessageInvoker invoker = stage.Invoker(new { ConnectTimeout = TimeSpan.FromMilliseconds(300) });
            long start = Stopwatch.GetTimestamp();
            await stage.Outcome.TellAsync("request", ParityStage.Soon(
                invoker.SendAsync(ParityStage.Get($"https://localhost:{server.Port}/"), default), "the request's end"));
            stage.Outcome.Tell("within two seconds", Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2));
            stage.Outcome.Tell("request", stage.Outcome["request"].Split(" > ")[0] == "TimeoutException" ? "hangs" : "fails");
        },
        ("within two seconds", true), ("request", "fails"));

    // An inner SocketException(TimedOut) is what gRPC's and others' retry takes for "unavailable".
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Issue10", "Q2-timeout-has-socket-exception")]
    public async Task A_connect_that_timed_out_has_a_SocketException_TimedOut_inside(bool tls)
    {
        await using var server = new RawServer((stream, _, token) => RawPeer.CountAsync(stream, long.MaxValue, token));
        using var handler = new PooledHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromMilliseconds(200),
            TlsHandshakeTimeout = TimeSpan.FromMilliseconds(200) };
        if (!tls)
        {
            handler.ConnectCallback = async (_, token) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                return Stream.Null;
            };
        }

        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => Guard.Within(
            invoker.SendAsync(ParityStage.Get($"{(tls ? "https" : "http")}://localhost:{server.Port}/"), default), () => "hangs"));
        Assert.Contains("SocketException(TimedOut)", ParityOutcome.Describe(e), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Trait("Issue10", "R2-client-timeout")]
    public Task The_timeout_of_the_client_is_told_as_with_NET(int version) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using var server = new RawServer((stream, _, token) => RawPeer.CountAsync(stream, long.MaxValue, token));
            using HttpClient client = stage.Client();
            client.Timeout = TimeSpan.FromMilliseconds(200);
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri)
            {
                Version = version == 2 ? HttpVersion.Version20 : HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            try
            {
                using HttpResponseMessage response = await client.SendAsync(request);
            }
            catch (TaskCanceledException e)
            {
                stage.Outcome.Tell("request", $"TaskCanceledException over {e.InnerException?.GetType().Name}");
            }
        });
}
