namespace Warmwire.Connections;

/// <summary>
/// How an attempt got its connection. The pool sets it as a whole, once; a response keeps it, so that it need not keep the attempt.
/// </summary>
internal readonly record struct LeaseFacts
{
    /// <summary>The attempt has got a connection.</summary>
    public bool IsLeased { get; init; }

    /// <summary>The connection had served a request before.</summary>
    public bool Reused { get; init; }

    /// <summary>The connection was idle, so the server may have closed it just as the request was sent.</summary>
    public bool WasIdle { get; init; }

    /// <summary>How long it was idle; zero if it was not.</summary>
    public TimeSpan IdleTime { get; init; }

    /// <summary>How long the attempt waited for it.</summary>
    public TimeSpan QueueTime { get; init; }

    /// <summary>Timestamp of the handler's clock.</summary>
    public long LeasedAt { get; init; }
}
