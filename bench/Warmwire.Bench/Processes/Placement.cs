namespace Warmwire.Bench.Processes;

/// <summary>Where server and client of a scenario run.</summary>
internal enum Placement
{
    /// <summary>The server on one core, the client on another.</summary>
    OneCoreEach,

    /// <summary>The server on one core, the client on both.</summary>
    ClientOnBoth,

    /// <summary>Both on both.</summary>
    BothOnBoth,
}

/// <summary>Puts processes on cores with <c>taskset</c>; where that cannot be, they run anywhere.</summary>
internal sealed class Cores
{
    private readonly string? _taskset = Programs.Find("taskset");
    private readonly int _server;
    private readonly int _client;

    public Cores(BenchOptions options)
    {
        _server = options.ServerCore;
        _client = options.ClientCore;
        int cores = Environment.ProcessorCount;
        Notice = _taskset is null ? "`taskset` is missing: nothing is pinned, and server and clients disturb each other"
            : cores < 2 ? "one core only: nothing is pinned, and server and clients take turns on it"
            : _server >= cores || _client >= cores ? throw new BenchFailure($"there are {cores} cores, numbered from 0")
            : null;
    }

    /// <summary>What cannot be done, or <see langword="null"/>.</summary>
    public string? Notice { get; }

    public IReadOnlyList<string> ForServer(Placement placement) => placement == Placement.BothOnBoth ? Both() : On($"{_server}");

    public IReadOnlyList<string> ForClient(Placement placement) => placement == Placement.OneCoreEach ? On($"{_client}") : Both();

    public string Describe(Placement placement) => Notice is not null ? "not pinned" : placement switch
    {
        Placement.OneCoreEach => $"server on core {_server}, client on core {_client}",
        Placement.ClientOnBoth => $"server on core {_server}, client on cores {_server} and {_client}",
        _ => $"server and client on cores {_server} and {_client}",
    };

    private IReadOnlyList<string> Both() => On($"{_server},{_client}");

    private IReadOnlyList<string> On(string cores) => Notice is null ? [_taskset!, "-c", cores] : [];
}
