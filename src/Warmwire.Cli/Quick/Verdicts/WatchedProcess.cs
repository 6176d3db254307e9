using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>What a watched process used.</summary>
internal sealed class WatchedProcess : IVerdict
{
    public string? Of(QuickResult result) => result.Process is not { } process || result.Requests == 0
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"Process {process.Pid} ({process.Name}) used {process.CpuMicrosPerRequest:N0} µs of CPU time per request.")
            + (process.Ended ? " It exited during the run." : "");
}
