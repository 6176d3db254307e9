using System.Globalization;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// Plays one scenario with <see cref="SocketsHttpHandler"/> and then with <see cref="PooledHttpHandler"/>, and fails when the second is
/// not at least as good. "Right" is what ours has to reach whatever the other does; every other fact is measured against the other's.
/// </summary>
/// <remarks>
/// If the other does not come to the end of the scenario, as it does not now and then when a cancellation meets a GOAWAY, ours has to: it
/// is then measured against what the other had told.
/// </remarks>
internal static class ParityScenario
{
    /// <summary>Plays both and compares.</summary>
    /// <param name="scenario">Makes the handler with <see cref="ParityStage.Create"/> and tells facts.</param>
    /// <param name="right">Facts by name, with the value ours has to have.</param>
    public static async Task AssertAsync(Func<ParityStage, Task> scenario, params (string Fact, object? Value)[] right)
    {
        (ParityOutcome reference, ParityOutcome ours) = await PlayBothAsync(scenario);
        ours.AssertAtLeastAsGood(reference, right);
    }

    /// <summary>Plays both, for what is meant to differ: a change in either is noticed.</summary>
    /// <param name="scenario">As for <see cref="AssertAsync"/>.</param>
    /// <param name="facts">By name, with the value that each has to have.</param>
    public static async Task AssertDifferenceAsync(
        Func<ParityStage, Task> scenario, params (string Fact, object? Theirs, object? Ours)[] facts)
    {
        (ParityOutcome reference, ParityOutcome ours) = await PlayBothAsync(scenario);
        foreach ((string fact, object? theirs, object? own) in facts)
        {
            Assert.Equal(
                $"{fact}: {Text(theirs)} with SocketsHttpHandler, {Text(own)} with PooledHttpHandler",
                $"{fact}: {reference[fact]} with SocketsHttpHandler, {ours[fact]} with PooledHttpHandler");
        }

        static string? Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture);
    }

    /// <summary>The two outcomes, for a test that compares by itself.</summary>
    public static async Task<(ParityOutcome Reference, ParityOutcome Ours)> PlayBothAsync(Func<ParityStage, Task> scenario)
    {
        ParityOutcome reference = await PlayAsync(HandlerKind.SocketsHttpHandler, scenario);
        ParityOutcome ours = await PlayAsync(HandlerKind.PooledHttpHandler, scenario);
        TestContext.Current.TestOutputHelper?.WriteLine($"SocketsHttpHandler: {reference}\nPooledHttpHandler:  {ours}");
        return (reference, ours);
    }

    private static async Task<ParityOutcome> PlayAsync(HandlerKind kind, Func<ParityStage, Task> scenario)
    {
        var stage = new ParityStage(kind);
        try
        {
            await Guard.Within(scenario(stage), () => $"The scenario with {kind} did not end; so far: {stage.Outcome}");
        }
        catch (TimeoutException e) when (kind == HandlerKind.SocketsHttpHandler)
        {
            TestContext.Current.SendDiagnosticMessage($"{TestContext.Current.Test?.TestDisplayName}: {e.Message}");
        }
        catch (Exception e) when (e is not TimeoutException)
        {
            throw new InvalidOperationException($"The scenario broke with {kind}; so far: {stage.Outcome}\n{e.Message}", e);
        }
        finally
        {
            stage.Dispose();
        }

        return stage.Outcome;
    }
}
