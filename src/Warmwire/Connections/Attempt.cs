using System.Threading.Tasks.Sources;

namespace Warmwire.Connections;

/// <summary>
/// One attempt to get one response: the request, what the connection reports about it, and the promise the caller waits on. The promise is
/// apart from the connection's work, so that a caller who gives up is free at once while the connection reads on.
/// </summary>
internal sealed class Attempt : IValueTaskSource<HttpResponseMessage>
{
    private ManualResetValueTaskSourceCore<HttpResponseMessage> _promise;
    private int _completed;

    public Attempt(HttpRequestMessage request, RequestSettings settings, CancellationToken cancellationToken)
    {
        Request = request;
        Settings = settings;
        CancellationToken = cancellationToken;
    }

    // Immutable.
    public HttpRequestMessage Request { get; }

    public RequestSettings Settings { get; }

    public CancellationToken CancellationToken { get; }

    // Set before the attempt is sent.

    /// <summary>From the cookie container.</summary>
    public string? CookieHeader { get; init; }

    /// <summary>To ask for the content codings that will be undone.</summary>
    public string? AcceptEncoding { get; init; }

    /// <summary>Trace context.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? PropagatedHeaders { get; init; }

    /// <summary>Ends the exchange when its total time is over, also while the body is read.</summary>
    public TotalDeadline? TotalDeadline { get; init; }

    public int Replays { get; init; }

    /// <summary>Where the request was sent, if the program asked to remember.</summary>
    public string? Stack { get; init; }

    // Set by the pool when it leases a connection.
    public bool Reused { get; set; }

    /// <summary>The connection had rested in the pool, so the server may have closed it just as the request was sent.</summary>
    public bool Rested { get; set; }

    public TimeSpan IdleTime { get; set; }

    public TimeSpan QueueTime { get; set; }

    public long LeasedAt { get; set; }

    public bool WasLeased { get; set; }

    // Set by the connection.
    public RequestSent Sent { get; set; }

    /// <summary>The content being written, which ends soon after the connection, but not with it.</summary>
    public Task Copying { get; set; } = Task.CompletedTask;

    /// <summary>Whether one byte of a response has arrived.</summary>
    public bool ResponseStarted { get; set; }

    public bool IsCompleted => Volatile.Read(ref _completed) != 0;

    public ValueTask<HttpResponseMessage> Response => new(this, _promise.Version);

    public bool TryComplete(HttpResponseMessage response)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0)
        {
            return false;
        }

        _promise.SetResult(response);
        return true;
    }

    /// <param name="error">What the caller sees.</param>
    /// <param name="asynchronously">Whether the caller's code must not run on this thread: a canceller's, a timer's, a disposer's.</param>
    public bool TryFail(Exception error, bool asynchronously)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0)
        {
            return false;
        }

        _promise.RunContinuationsAsynchronously = asynchronously;
        _promise.SetException(error);
        return true;
    }

    HttpResponseMessage IValueTaskSource<HttpResponseMessage>.GetResult(short token)
    {
        try
        {
            return _promise.GetResult(token);
        }
        finally
        {
            // The connection still knows the attempt; through it, it must not hold the response, or one nobody disposes is never found.
            _promise.Reset();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<HttpResponseMessage>.GetStatus(short token) => _promise.GetStatus(token);

    void IValueTaskSource<HttpResponseMessage>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _promise.OnCompleted(continuation, state, token, flags);
}
