using Warmwire.Cli.Quick.Reports;

namespace Warmwire.Cli.Quick.Results;

/// <summary>
/// A process that was watched during the run (<c>--pid</c>) together with its descendants, usually the one under test.
/// </summary>
internal sealed record ProcessResult
{
    public required int Pid { get; init; }

    public required string Name { get; init; }

    /// <summary>The port of the URL, if the process was found because it listens on it.</summary>
    public int? ListensOn { get; init; }

    /// <summary>Descendants that are in all figures, how many of each program.</summary>
    public IReadOnlyDictionary<string, int> Descendants { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Processor time it took during the run.</summary>
    public required double CpuSeconds { get; init; }

    public required double CpuMicrosPerRequest { get; init; }

    /// <summary>It ended before the run did.</summary>
    public bool Ended { get; init; }

    public required ProcessState Before { get; init; }

    /// <summary>The largest of each figure of all samples of the run.</summary>
    public required ProcessState During { get; init; }

    public required ProcessState After { get; init; }

    /// <summary>
    /// Outgoing connections that any sample saw, by remote address. At least so many were opened: those that lived between two samples were
    /// missed.
    /// </summary>
    public required IReadOnlyDictionary<string, long> OutgoingSeen { get; init; }

    /// <summary>
    /// Connections to addresses that the process was seen using which entered TIME_WAIT during the run, by remote address, including those
    /// that lived too briefly to be seen open.
    /// </summary>
    public IReadOnlyDictionary<string, long> TimeWaitSeen { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>
    /// Where short connections cannot be met: of the addresses that the process was not seen using, the one with the most connections that
    /// entered TIME_WAIT; they may be another program's. Empty otherwise.
    /// </summary>
    public IReadOnlyDictionary<string, long> OtherTimeWait { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    public IReadOnlyList<ProcessPoint> Series { get; init; } = [];

    /// <summary>What could not be seen, and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>What a process held at one moment.</summary>
internal sealed record ProcessState
{
    /// <summary>Open descriptors.</summary>
    public required int Descriptors { get; init; }

    public required double ResidentMegabytes { get; init; }

    public required int Threads { get; init; }

    /// <summary>Connections it made, by remote address and port.</summary>
    public required IReadOnlyDictionary<string, int> Outgoing { get; init; }

    /// <summary>Connections that were made to it.</summary>
    public required int Incoming { get; init; }

    /// <summary>
    /// Sockets in TIME_WAIT whose remote address and port the process was seen using; to which process they belonged cannot be seen.
    /// </summary>
    public required IReadOnlyDictionary<string, int> TimeWait { get; init; }
}

/// <summary>One sample at a process.</summary>
/// <param name="At">Seconds from the first arrival's due time.</param>
/// <param name="Cores">How many cores it kept busy since the last sample.</param>
/// <param name="Descriptors">Open descriptors.</param>
/// <param name="Outgoing">Connections it had made.</param>
internal sealed record ProcessPoint(double At, double Cores, int Descriptors, int Outgoing);
