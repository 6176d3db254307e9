using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>PooledConnectionIdleTimeout = 0: no connection is kept idle, and one that is wanted is not idle.</summary>
public sealed class IdleTimeoutZeroParityTests
{
    [Fact]
    [Trait("Issue10", "K1-idle-timeout-zero")]
    public Task A_connection_goes_to_the_next_waiter_when_nothing_may_be_idle() => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            using HttpClient client = stage.Client(new { PooledConnectionIdleTimeout = TimeSpan.Zero, MaxConnectionsPerServer = 1 });
            string[] bodies = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => client.GetStringAsync(server.Uri)));
            stage.Outcome.Tell("answers", bodies.Count(body => body == "ok"));
            stage.Outcome.TellAtMost("connections", server.Accepted, slack: 2);
        },
        ("answers", 30));

    [Fact]
    [Trait("Issue10", "K2-idle-timeout-zero-closes")]
    public Task A_connection_nobody_waits_for_is_closed_at_once() => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            using HttpClient client = stage.Client(new { PooledConnectionIdleTimeout = TimeSpan.Zero });
            await client.GetStringAsync(server.Uri);
            await client.GetStringAsync(server.Uri);
            await ParityStage.CollectUntilAsync(() => server.Open == 0);
            stage.Outcome.TellAtMost("open connections", server.Open);
        },
        ("open connections", 0));
}
