using Warmwire.Bench.Measuring;
using Warmwire.Bench.Scenarios;

namespace Warmwire.Bench.Contestants;

/// <summary>A handler through <see cref="HttpClient"/> or <see cref="HttpMessageInvoker"/>.</summary>
internal sealed class DotnetContestant : Contestant
{
    public const string SocketsInvoker = "SocketsHttpHandler, HttpMessageInvoker";

    private readonly string _handler;
    private readonly bool _isClient;
    private readonly bool _isAdaptive;
    private readonly string _program;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public DotnetContestant(
        string name, string handler, bool isClient, string? sockets = null, string? root = null, string? comparedWith = null,
        bool isAdaptive = false)
    {
        string through = isClient ? nameof(HttpClient) : nameof(HttpMessageInvoker);
        Name = $"{name}, {through}";
        ComparedWith = $"{comparedWith ?? nameof(SocketsHttpHandler)}, {through}";
        _program = Layout.ClientOf(root ?? Layout.Root);
        _handler = handler;
        _isClient = isClient;
        _isAdaptive = isAdaptive;
        if (sockets is not null)
        {
            _environment["WARMWIRE_SOCKETS"] = sockets;
        }
    }

    public override string Name { get; }

    public override string ComparedWith { get; }

    public override string? Missing => File.Exists(_program) ? null : $"{_program} was not built; run bench/bench --list there";

    public override bool TakesPart(Scenario scenario, bool quick) =>
        scenario is not ProxyScenario
        && (!_isAdaptive || scenario is SaturatedScenario)
        && (!_isClient || (scenario.BothInterfaces && (!quick || scenario.BothInterfacesIfQuick)))
        && (_handler != "memory" || scenario is { Shape: "requests", Http2Connections: 0 });

    public override async Task<IRunner> StartAsync(
        Scenario scenario, string url, IReadOnlyList<string> pinning, CancellationToken cancellationToken)
    {
        string[] command =
        [
            .. pinning, "dotnet", _program, .. WordsOf(scenario, url), $"handler={_handler}",
            $"interface={(_isClient ? "client" : "invoker")}", $"adaptive={(_isAdaptive ? 1 : 0)}",
        ];
        return scenario.FreshProcesses
            ? new FreshRunner(token => WorkerRunner.StartAsync(Name, command, _environment, token))
            : await WorkerRunner.StartAsync(Name, command, _environment, cancellationToken);
    }
}
