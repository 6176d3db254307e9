using System.Net;

namespace Warmwire.Dialing;

/// <summary>One attempt of an address race, for the error's text and for what is remembered of the address.</summary>
internal sealed class RaceAttempt(IPEndPoint endPoint, long begunAt)
{
    public IPEndPoint EndPoint { get; } = endPoint;

    public long BegunAt { get; } = begunAt;

    /// <summary>Why it failed; <see langword="null"/> if it won, or had not ended when the race did.</summary>
    public Exception? Error { get; set; }

    /// <summary>It was ended to let the next begin, because there was no permit for both.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>How long it ran without an end; <see langword="null"/> if it ended by itself.</summary>
    public TimeSpan? Unanswered { get; set; }
}
