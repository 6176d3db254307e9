using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Other processes had the processors, so latencies contain waits for one.</summary>
internal sealed class BusyMachine : IVerdict
{
    private const double Busy = 0.9;

    /// <summary>With less than this share of what was used, it was not the load generator that made the machine busy.</summary>
    private const double OwnShare = 0.5;

    public string? Of(QuickResult result) => !WasBusy(result)
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"The CPUs of this machine were {100 * result.Cpu.MachineBusy:0} % busy; quick used ")
            + $"{Amounts.Cores(result.Cpu.Cores)} of {result.Cpu.AvailableCores} cores and other processes the rest, the server if it runs "
            + "here: latencies contain waits for a CPU.";

    public static bool WasBusy(QuickResult result) =>
        result.Cpu.MachineBusy > Busy && result.Cpu.Cores < OwnShare * result.Cpu.MachineBusy * result.Cpu.AvailableCores;
}
