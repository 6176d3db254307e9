using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// The plan of an origin alone; <see cref="PoolModelTests"/> and <see cref="SharedPoolModelTests"/> drive it with its executor and real
/// flows.
/// </summary>
public class OriginPlanModelTests
{
    [Fact]
    public void Caps_hold_nobody_waits_in_vain_and_everything_ends_once()
    {
        for (int seed = 0; seed < 500 * ModelRuns.Times; seed++)
        {
            OriginPlanSimulation.Run(seed, steps: 150);
        }
    }

    [Fact]
    public void The_same_holds_under_a_limit_of_exchanges_and_each_counts_until_it_ends()
    {
        for (int seed = 0; seed < 500 * ModelRuns.Times; seed++)
        {
            OriginPlanSimulation.Run(seed, steps: 150, limited: true);
        }
    }
}
