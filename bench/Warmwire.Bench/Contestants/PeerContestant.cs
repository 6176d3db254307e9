using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench.Contestants;

/// <summary>A client in another language that speaks the same lines; its source is in bench/peers.</summary>
internal sealed class PeerContestant(string name, string[] command, Func<Scenario, string?>? refusal = null) : Contestant
{
    public override string Name => name;

    public override string ComparedWith => DotnetContestant.SocketsInvoker;

    public override double WarmUpFactor => 2;

    // A word that is a path is the built client; of Java it is the folder of its classes.
    public override string? Missing =>
        !Path.IsPathRooted(command[0]) && Programs.Find(command[0]) is null ? $"`{command[0]}` is not installed"
        : command.Where(Path.IsPathRooted).Any(static path => !Path.Exists(path)) ? "its client was not built"
        : null;

    public override bool TakesPart(Scenario scenario, bool quick) => scenario.HasPeers;

    public override string? Refusal(Scenario scenario) => refusal?.Invoke(scenario);

    public override Task<IRunner> StartAsync(
        Scenario scenario, string url, IReadOnlyList<string> pinning, CancellationToken cancellationToken) =>
        WorkerRunner.StartAsync(Name, [.. pinning, .. command, .. WordsOf(scenario, url)], environment: null, cancellationToken);
}
