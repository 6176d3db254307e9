namespace Warmwire.Cli.Quick.Load;

/// <summary>A virtual user's way through its requests, from one arrival.</summary>
internal sealed class Visit(VirtualUser user, long number, bool counts, long due, long started)
{
    public VirtualUser User => user;

    /// <summary>The number of the arrival among those of all shards.</summary>
    public long Number => number;

    /// <summary>Whether it is recorded; not in the warm-up.</summary>
    public bool Counts => counts;

    /// <summary>When its next request was due, by <see cref="LoadClock.Now"/>.</summary>
    public long Due { get; private set; } = due;

    public long Started { get; private set; } = started;

    /// <summary>It does not go on, because a response lacked what the next request needs.</summary>
    public bool HasEnded { get; set; }

    /// <summary>The next request is due at once.</summary>
    public void DueNow() => Due = Started = LoadClock.Now;
}
