using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Random requests, dials, limits and ends against one pool of HTTP/2 connections, some of HTTP/1.1 among them. What must hold is in
/// <see cref="SharedPoolSimulation"/>; a failure is shrunk to the few steps that matter and printed as a script.
/// </summary>
public class SharedPoolModelTests
{
    private const int StepsEach = 60;

    private static readonly int s_sequences = 300 * ModelRuns.Times;

    public sealed record Scenario(SharedWorld World, SharedStep[] Steps)
    {
        public override string ToString() =>
            string.Create(
                CultureInfo.InvariantCulture, $"\n{World}\n{string.Join('\n', Steps.Select((step, index) => $"  {index + 1}. {step}"))}\n");
    }

    [Fact]
    public void Whatever_happens_limits_hold_nobody_is_forgotten_and_the_counts_return_to_zero()
    {
        Arbitrary<Scenario> scenarios = Arb.From(Scenarios, Shrink);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(s_sequences), Prop.ForAll(scenarios, Holds));
    }

    private static Gen<Scenario> Scenarios =>
        from origins in Gen.Choose(1, 2)
        from perServer in Gen.Choose(1, 4)
        from total in Gen.Choose(1, 5)
        from idle in Gen.Choose(0, 3)
        from limit in Gen.Choose(0, 4)
        from multiple in Gen.Elements(true, true, false)
        from steps in Steps.ArrayOf(StepsEach)
        select new Scenario(new SharedWorld(origins, perServer, total, idle, limit, multiple), steps);

    private static Gen<SharedStep> Steps => Gen.Frequency(
        (10, Of(SharedAct.Ask)),
        (3, Of(SharedAct.AskShortWay)),
        (1, Of(SharedAct.AskForHttp2Only)),
        (8, Of(SharedAct.DialSucceeds)),
        (1, Of(SharedAct.DialSucceedsWithHttp1)),
        (1, Of(SharedAct.DialFails)),
        (9, Of(SharedAct.ExchangeEnds)),
        (3, Of(SharedAct.LimitChanges)),
        (2, Of(SharedAct.Suspends)),
        (3, Of(SharedAct.Resumes)),
        (1, Of(SharedAct.Retires)),
        (1, Of(SharedAct.Closes)),
        (2, Of(SharedAct.CallerCancels)),
        (2, Of(SharedAct.NextLeaseIsRefused)),
        (2, Of(SharedAct.TimePasses)),
        (1, Of(SharedAct.CloseIdle)),
        (1, Gen.Choose(0, 40).Select(static pick =>
            pick == 0 ? new SharedStep(SharedAct.AsksForHttp11, pick) : new SharedStep(SharedAct.Ask, pick))));

    private static Gen<SharedStep> Of(SharedAct act) => Gen.Choose(0, 11).Select(pick => new SharedStep(act, pick));

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
        Task.Run(() => SharedPoolSimulation.RunAsync(scenario.World, scenario.Steps)).GetAwaiter().GetResult();
        return true;
    }
}
