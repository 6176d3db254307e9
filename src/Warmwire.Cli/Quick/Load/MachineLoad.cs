using System.Globalization;

namespace Warmwire.Cli.Quick.Load;

/// <summary>Processor time of this process and of the whole machine, between two moments.</summary>
internal readonly record struct MachineLoad(TimeSpan Own, double MachineBusy, double MachineTotal)
{
    private const string ProcStat = "/proc/stat";

    public static MachineLoad Read()
    {
        (double busy, double total) = OperatingSystem.IsLinux() && File.Exists(ProcStat) ? Parse(File.ReadLines(ProcStat).First()) : (0, 0);
        return new MachineLoad(Environment.CpuUsage.TotalTime, busy, total);
    }

    /// <summary>
    /// How busy the machine was since <paramref name="before"/>, 0 to 1; <see langword="null"/> where the system does not tell.
    /// </summary>
    public double? BusySince(MachineLoad before) =>
        MachineTotal > before.MachineTotal ? (MachineBusy - before.MachineBusy) / (MachineTotal - before.MachineTotal) : null;

    /// <summary>The line "cpu  user nice system idle iowait irq softirq steal …", in ticks of all processors.</summary>
    internal static (double Busy, double Total) Parse(string line)
    {
        double[] ticks =
        [
            .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Skip(1)
                .Take(8)
                .Select(static field => double.Parse(field, CultureInfo.InvariantCulture)),
        ];
        double total = ticks.Sum();
        double idle = ticks is [_, _, _, var waiting, var forDisk, ..] ? waiting + forDisk : 0;
        return (total - idle, total);
    }
}
