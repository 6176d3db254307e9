namespace Warmwire.Connections;

/// <summary>What a response remembers of how its connection was leased, so that it need not remember the attempt.</summary>
internal readonly struct LeaseFacts
{
    public LeaseFacts(Attempt attempt)
    {
        Reused = attempt.Reused;
        Replays = attempt.Replays;
        IdleTime = attempt.IdleTime;
        QueueTime = attempt.QueueTime;
        LeasedAt = attempt.LeasedAt;
    }

    public bool Reused { get; }

    public int Replays { get; }

    public TimeSpan IdleTime { get; }

    public TimeSpan QueueTime { get; }

    /// <summary>Timestamp of the handler's clock.</summary>
    public long LeasedAt { get; }
}
