using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Random callers, servers, networks and clocks against one handler. What must hold after each step and at the end is in <see
/// cref="PoolSimulation"/>; a failure is shrunk to the few steps that matter and printed as a script.
/// </summary>
public class PoolModelTests
{
    private const int StepsEach = 50;

    private static readonly int s_sequences = 200 * ModelRuns.Times;

    public sealed record Scenario(PoolWorld World, PoolStep[] Steps)
    {
        public override string ToString() =>
            string.Create(
                CultureInfo.InvariantCulture, $"\n{World}\n{string.Join('\n', Steps.Select((step, index) => $"  {index + 1}. {step}"))}\n");
    }

    [Fact]
    public void Whatever_happens_caps_hold_nobody_is_forgotten_and_the_counts_add_up()
    {
        Arbitrary<Scenario> scenarios = Arb.From(Scenarios, Shrink);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(s_sequences), Prop.ForAll(scenarios, Holds));
    }

    private static Gen<Scenario> Scenarios =>
        from origins in Gen.Choose(1, 3)
        from perServer in Gen.Choose(1, 4)
        from total in Gen.Choose(1, 5)
        from idle in Gen.Choose(0, 3)
        from steps in Steps.ArrayOf(StepsEach)
        select new Scenario(new PoolWorld(origins, perServer, total, idle), steps);

    private static Gen<PoolStep> Steps => Gen.Frequency(
        (10, Of(PoolAct.Request)),
        (8, Of(PoolAct.DialSucceeds)),
        (1, Of(PoolAct.DialFails)),
        (8, Of(PoolAct.PeerAnswers)),
        (2, Of(PoolAct.PeerAnswersAndSaysClose)),
        (3, Of(PoolAct.PeerAnswersHalf)),
        (3, Of(PoolAct.PeerFinishesBody)),
        (3, Of(PoolAct.CallerGoesOn)),
        (3, Of(PoolAct.CallerCancels)),
        (2, Of(PoolAct.ServerClosesIdle)),
        (1, Of(PoolAct.ServerResetsBusy)),
        (3, Of(PoolAct.TimePasses)),
        (1, Of(PoolAct.CloseIdle)));

    private static Gen<PoolStep> Of(PoolAct act) => Gen.Choose(0, 11).Select(pick => new PoolStep(act, pick));

    private static IEnumerable<Scenario> Shrink(Scenario scenario)
    {
        for (int length = scenario.Steps.Length / 2; length > 0; length /= 2)
        {
            for (int start = 0; start + length <= scenario.Steps.Length; start += length)
            {
                yield return scenario with { Steps = [.. scenario.Steps[..start], .. scenario.Steps[(start + length)..]] };
            }
        }
    }

    private static bool Holds(Scenario scenario)
    {
        Task.Run(() => PoolSimulation.RunAsync(scenario.World, scenario.Steps)).GetAwaiter().GetResult();
        return true;
    }
}
