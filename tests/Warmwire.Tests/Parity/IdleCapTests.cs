using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>The cap of idle connections holds once all are idle, and closes none that a steady load is about to use.</summary>
public sealed class IdleCapTests
{
    [Fact]
    [Trait("Issue10", "P1-idle-cap-churn")]
    public Task A_steady_load_of_256_requests_does_not_churn_connections() => ParityScenario.AssertAsync(
        async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(_ => Task.CompletedTask);
            using HttpMessageInvoker invoker = stage.Invoker();
            int answers = 0;
            await Task.WhenAll(Enumerable.Range(0, 256).Select(_ => Task.Run(async () =>
            {
                for (int i = 0; i < 20; i++)
                {
                    using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.HttpUri), default);
                    Interlocked.Increment(ref answers);
                }
            })));
            stage.Outcome.Tell("answers", answers);
            stage.Outcome.TellAtMost("connections", server.Connections, slack: 256); // how many are open at once depends on the machine
        },
        ("answers", 256 * 20));

    // Bursts with pauses shorter than some seconds are a steady load too.
    [Fact]
    [Trait("Issue10", "P2-idle-cap-bursts")]
    public Task Bursts_of_200_requests_use_the_connections_of_the_burst_before() => ParityScenario.AssertAsync(
        async stage =>
        {
            int waiting = 0;
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using KestrelServer server = await KestrelServer.StartAsync(async _ =>
            {
                TaskCompletionSource mine = gate;
                if (Interlocked.Increment(ref waiting) == 200)
                {
                    waiting = 0;
                    gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    mine.SetResult();
                }

                await mine.Task; // all 200 are there at once
            });
            using HttpMessageInvoker invoker = stage.Invoker();
            for (int burst = 0; burst < 5; burst++)
            {
                HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 200).Select(
                    _ => invoker.SendAsync(ParityStage.Get(server.HttpUri), default)));
                Assert.All(responses, response => response.Dispose());
            }

            stage.Outcome.TellAtMost("connections", server.Connections);
        });

    [Fact]
    [Trait("Issue10", "P3-idle-cap-holds-at-rest")]
    public async Task The_cap_holds_when_a_burst_is_over_for_some_seconds()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int waiting = 0;
        await using KestrelServer server = await KestrelServer.StartAsync(async _ =>
        {
            if (Interlocked.Increment(ref waiting) == 20)
            {
                gate.SetResult();
            }

            await gate.Task;
        });
        var time = new FakeTime();
        using var handler = new PooledHttpHandler { UseProxy = false, MaxIdleConnectionsPerServer = 3, TimeProvider = time };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            _ => invoker.SendAsync(ParityStage.Get(server.HttpUri), default)));
        Assert.All(responses, response => response.Dispose());
        await Eventually.IsTrue(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return handler.GetSnapshot().Idle == 3;
            },
            "three connections are idle, the others are closed");
        Assert.Equal(17, Assert.Single(handler.GetSnapshot().Origins).ClosedBy[CloseReason.IdleLimit]);
    }
}
