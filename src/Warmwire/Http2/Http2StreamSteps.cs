namespace Warmwire.Http2;

/// <summary>
/// The <see cref="StreamSteps"/> of one stream, which its connection's reading flow adds and one work item at a time takes: what one of them runs may
/// block, and the next must not overtake it.
/// </summary>
internal struct Http2StreamSteps
{
    private const int Scheduled = 8;

    private int _steps;

    /// <summary>Adds steps.</summary>
    /// <returns>Whether a work item is to be scheduled for them; else there is one.</returns>
    public bool Add(StreamSteps steps) => (Interlocked.Or(ref _steps, (int)steps | Scheduled) & Scheduled) == 0;

    /// <summary>Takes all steps there are. Only by the work item.</summary>
    public StreamSteps Take() => (StreamSteps)(Interlocked.And(ref _steps, Scheduled) & ~Scheduled);

    /// <summary>The work item is about to end.</summary>
    /// <returns>Whether steps came meanwhile, for which another one is to be scheduled.</returns>
    public bool Leave() =>
        (Interlocked.And(ref _steps, ~Scheduled) & ~Scheduled) != 0 && (Interlocked.Or(ref _steps, Scheduled) & Scheduled) == 0;
}
