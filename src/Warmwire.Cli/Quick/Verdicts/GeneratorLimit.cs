using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>This side was a limit: the load generator itself, or the machine that it shares with others.</summary>
internal sealed class GeneratorLimit : IVerdict
{
    public string? Of(QuickResult result) => !result.GeneratorLimited
        ? null
        : $"{Subject(result)} was a limit, so the figures do not describe the server alone: {string.Join(' ', result.GeneratorLimits)}";

    /// <summary>Who is to blame, at the start of a sentence.</summary>
    public static string Subject(QuickResult result) =>
        BusyMachine.WasBusy(result) && result.DroppedArrivals == result.Pauses.DroppedArrivals ? "This machine" : "The load generator";
}
