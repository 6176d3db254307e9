using Warmwire.Bench.Measuring;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench.Contestants;

/// <summary>A client program that can run scenarios.</summary>
internal abstract class Contestant
{
    public abstract string Name { get; }

    /// <summary>The name of the contestant it is compared with.</summary>
    public abstract string ComparedWith { get; }

    /// <summary>How much longer than a .NET client it needs until its code is compiled.</summary>
    public virtual double WarmUpFactor => 1;

    /// <summary>Why it cannot run on this machine, or <see langword="null"/>.</summary>
    public virtual string? Missing => null;

    public abstract bool TakesPart(Scenario scenario, bool quick);

    /// <summary>Why it cannot run a scenario that is otherwise for its like, for the report; or <see langword="null"/>.</summary>
    public virtual string? Refusal(Scenario scenario) => null;

    /// <param name="scenario">What to run.</param>
    /// <param name="url">The server's place.</param>
    /// <param name="pinning">What to put before the command, so that it runs where it should.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public abstract Task<IRunner> StartAsync(
        Scenario scenario, string url, IReadOnlyList<string> pinning, CancellationToken cancellationToken);

    /// <summary>The words that say a scenario to a client.</summary>
    protected static IEnumerable<string> WordsOf(Scenario scenario, string url) =>
    [
        scenario.Shape,
        $"url={url}",
        $"connections={scenario.Connections}",
        $"http2={scenario.Http2Connections}",
        $"body={scenario.Body}",
        $"insecure={(scenario.Https ? 1 : 0)}",
        .. scenario.Words,
    ];
}
