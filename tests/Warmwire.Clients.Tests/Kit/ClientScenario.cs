using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Clients.Tests.Kit;

/// <summary>
/// Runs a client library over <see cref="System.Net.Http.SocketsHttpHandler"/> and over ours, and fails when ours is not at least as
/// good.
/// </summary>
internal static class ClientScenario
{
    /// <summary>Plays both and compares.</summary>
    /// <param name="scenario">Uses the library over a handler of the stage and tells facts.</param>
    /// <param name="right">Facts by name, with the value ours has to have.</param>
    public static async Task AssertAsync(Func<ClientStage, Task> scenario, params (string Fact, object? Value)[] right)
    {
        ParityOutcome reference = await PlayAsync(HandlerKind.SocketsHttpHandler, scenario);
        ParityOutcome ours = await PlayAsync(HandlerKind.PooledHttpHandler, scenario);
        TestContext.Current.TestOutputHelper?.WriteLine($"SocketsHttpHandler: {reference}\nPooledHttpHandler:  {ours}");
        ours.AssertAtLeastAsGood(reference, right);
    }

    private static async Task<ParityOutcome> PlayAsync(HandlerKind kind, Func<ClientStage, Task> scenario)
    {
        using var stage = new ClientStage(kind);
        try
        {
            await Guard.Within(scenario(stage), () => $"The scenario with {kind} did not end; so far: {stage.Outcome}");
        }
        catch (Exception e) when (e is not TimeoutException)
        {
            throw new InvalidOperationException($"The scenario broke with {kind}; so far: {stage.Outcome}\n{e.Message}", e);
        }

        return stage.Outcome;
    }
}
