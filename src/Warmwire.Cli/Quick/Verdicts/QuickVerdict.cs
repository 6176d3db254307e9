using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>A result in plain words. Every sentence states only what was measured.</summary>
internal static class QuickVerdict
{
    /// <summary>In the order in which they are read.</summary>
    private static readonly IVerdict[] s_all =
    [
        new MissingShards(),
        new NoResponse(),
        new ConnectionUse(),
        new NewConnections(),
        new Reuse(),
        new GrownConnections(),
        new Closes(),
        new PortsReused(),
        new Failures(),
        new ReplaySafeFailures(),
        new UnansweredRequests(),
        new BadStatuses(),
        new RedirectsNotFollowed(),
        new PlannedRate(),
        new GeneratorLimit(),
        new BusyMachine(),
        new ConnectionLimit(),
        new WaitInClient(),
        new StartDelay(),
    ];

    public static IReadOnlyList<string> Sentences(QuickResult result) => result.Requests == 0
        ? Each(result)
        : [.. LoadModelVerdict.Sentences(result), .. Each(result), .. ProcessVerdict.Sentences(result)];

    private static IReadOnlyList<string> Each(QuickResult result) => [.. s_all.Select(verdict => verdict.Of(result)).OfType<string>()];
}
