namespace Warmwire.Cli.Quick.Results;

/// <summary>Times in which the load generator's process was stopped.</summary>
internal sealed record PausesResult
{
    public static PausesResult None { get; } = new();

    public long Count { get; init; }

    /// <summary>All of them together.</summary>
    public double Seconds { get; init; }

    /// <summary>Arrivals that were due meanwhile and never started; they are among the dropped ones.</summary>
    public long DroppedArrivals { get; init; }
}
