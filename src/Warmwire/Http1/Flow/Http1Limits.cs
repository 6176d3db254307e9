namespace Warmwire.Http1.Flow;

/// <summary>Limits that no setting governs; docs/limits.md lists them with their errors.</summary>
internal static class Http1Limits
{
    /// <summary>Interim (1xx) responses before one final response.</summary>
    public const int InterimResponses = 100;

    /// <summary>A request of up to this size leaves in one send, head and body together.</summary>
    public const int CoalescedRequestBytes = 16 * 1024;

    /// <summary>A piece of body up to this size is copied next to its framing, so that both leave in one send.</summary>
    public const int CopiedWriteBytes = 32 * 1024;

    /// <summary>
    /// A response body up to this size that arrived with its head is handed over as a whole, and the connection is free at once.
    /// </summary>
    public const int DetachedBodyBytes = 4096;

    /// <summary>
    /// A request body up to this size is sent although the server gave its final answer instead of 100 Continue, because that is cheaper
    /// than a new connection.
    /// </summary>
    public const int BodySentAfterFinalAnswer = 1024;

    /// <summary>
    /// A larger piece of body is handed to the stream in parts of this size, so that it is seen whether the server takes it.
    /// </summary>
    public const int WriteBytes = 64 * 1024;

    /// <summary>After so many bytes of a body that the stream took without a wait, the writer lets others have its thread once.</summary>
    public const int BytesTakenInARow = 1024 * 1024;

    /// <summary>The size of one read of a body that is drained.</summary>
    public const int DrainBufferBytes = 64 * 1024;

    /// <summary>
    /// How long a response is awaited after writing the request failed: a server that refuses an upload often answers and closes (RFC 9112
    /// §9.5).
    /// </summary>
    public static readonly TimeSpan ResponseAfterWriteError = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a response below 300 waits for the rest of its request while the server takes nothing of it. Long, because a slow link may
    /// empty a large send buffer before the system says that there is room.
    /// </summary>
    public static readonly TimeSpan RequestStall = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a connection whose response, of 300 or more, is complete waits for the rest of its request to be written; after it the
    /// server is taken not to want it.
    /// </summary>
    public static readonly TimeSpan RequestAfterResponse = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// After a shorter idle time the socket is not asked for input before the next request: its last read has just found it empty.
    /// </summary>
    public static readonly TimeSpan HeardOfJustNow = TimeSpan.FromMicroseconds(100);

    /// <summary>A read of the body that may take at least this much goes straight into the caller's memory.</summary>
    public const int DirectReadBytes = 1024;
}
