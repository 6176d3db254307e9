using Warmwire.Bench.Measuring;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench.Contestants;

/// <summary>A reverse proxy whose way to the server is a handler; a tool loads it.</summary>
internal sealed class ProxyContestant : Contestant
{
    private const string Proxy = "YARP";

    private readonly string _handler;
    private readonly string _program;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public ProxyContestant(string name, string handler, string? sockets = null, string? root = null, string? comparedWith = null)
    {
        Name = $"{name}, {Proxy}";
        ComparedWith = $"{comparedWith ?? nameof(SocketsHttpHandler)}, {Proxy}";
        _handler = handler;
        _program = Layout.ProxyOf(root ?? Layout.Root);
        if (sockets is not null)
        {
            _environment["WARMWIRE_SOCKETS"] = sockets;
        }
    }

    public override string Name { get; }

    public override string ComparedWith { get; }

    public override string? Missing => File.Exists(_program) ? null : $"{_program} was not built; run bench/bench --list there";

    public override bool TakesPart(Scenario scenario, bool quick) => scenario is ProxyScenario;

    public override string? Refusal(Scenario scenario) => scenario is ProxyScenario { Tool.Missing: { } missing } ? missing : null;

    public override async Task<IRunner> StartAsync(
        Scenario scenario, string url, IReadOnlyList<string> pinning, CancellationToken cancellationToken) =>
        await ProxyRunner.StartAsync(
            Name,
            [.. pinning, "dotnet", _program, $"url={url}", $"handler={_handler}"],
            _environment,
            (proxy, token) => ((ProxyScenario)scenario).Tool.StartAsync(scenario, proxy, pinning, token),
            scenario.Path,
            cancellationToken);
}
