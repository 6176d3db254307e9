using System.Globalization;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>What <c>/proc/PID/stat</c> tells.</summary>
/// <param name="Name">The first 15 letters of its program's name.</param>
/// <param name="Parent">The number of its parent.</param>
/// <param name="CpuTicks">Processor time in user and kernel mode, in clock ticks.</param>
/// <param name="Threads">How many there are.</param>
/// <param name="StartTime">In clock ticks since the machine started; two processes that had the same number differ in it.</param>
/// <param name="ResidentPages">Memory it has in use.</param>
/// <param name="IsAlive">It has not ended; a process that nobody waited for yet is still listed.</param>
internal readonly record struct ProcessStat(
    string Name,
    int Parent,
    long CpuTicks,
    int Threads,
    long StartTime,
    long ResidentPages,
    bool IsAlive)
{
    /// <summary>Fields are numbered from 1 in the manual; the third is the first after the name.</summary>
    private const int State = 0;
    private const int ParentNumber = 4 - 3;
    private const int UserTime = 14 - 3;
    private const int KernelTime = 15 - 3;
    private const int ThreadCount = 20 - 3;
    private const int Started = 22 - 3;
    private const int Resident = 24 - 3;

    /// <exception cref="FormatException">It is not such a text.</exception>
    public static ProcessStat Parse(string text)
    {
        // The name may have spaces and parentheses of its own, and nothing after it has.
        int open = text.IndexOf('(');
        int close = text.LastIndexOf(')');
        string[] fields = close > open && open >= 0 ? text[(close + 1)..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) : [];
        if (fields.Length <= Resident)
        {
            throw new FormatException("it is not the status of a process");
        }

        return new ProcessStat(
            text[(open + 1)..close],
            (int)Number(fields[ParentNumber]),
            Number(fields[UserTime]) + Number(fields[KernelTime]),
            (int)Number(fields[ThreadCount]),
            Number(fields[Started]),
            Number(fields[Resident]),
            IsAlive: fields[State] is not ("Z" or "X"));
    }

    private static long Number(string field) => long.Parse(field, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
