using Warmwire.Bench.Contestants;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench.Measuring;

/// <summary>The rounds of one contestant.</summary>
internal sealed record Row(Contestant Contestant, IReadOnlyList<Sample> Rounds)
{
    public IEnumerable<double> Values(Column column) => Rounds.Select(column.Value).OfType<double>().Where(double.IsFinite);
}

/// <summary>A scenario that was measured, and what went wrong.</summary>
internal sealed record ScenarioResult(Scenario Scenario, string Server, IReadOnlyList<Row> Rows, IReadOnlyList<string> Notes);
