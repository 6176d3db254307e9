using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Warmwire.Settings;

namespace Warmwire.Connections;

/// <summary>
/// One attempt to get one response: the request, what the connection reports about it, and the promise the caller waits on. The promise is
/// apart from the connection's work, so that a caller who gives up is free at once while the connection reads on.
/// </summary>
/// <remarks>
/// Used again for later requests, but only where nobody else can still know it (<see cref="Forgotten"/>): most exchanges of a busy program end
/// that way. Any other is left to the garbage collector.
/// </remarks>
internal sealed class Attempt : IValueTaskSource<HttpResponseMessage>
{
    [ThreadStatic]
    private static Attempt? t_spare;

    private ManualResetValueTaskSourceCore<HttpResponseMessage> _promise;
    private int _completed;

    public Attempt(HttpRequestMessage request, RequestSettings settings, CancellationToken cancellationToken)
    {
        Request = request;
        Settings = settings;
        CancellationToken = cancellationToken;
    }

    // Immutable while the attempt lasts.
    public HttpRequestMessage Request { get; private set; }

    public RequestSettings Settings { get; private set; }

    public CancellationToken CancellationToken { get; private set; }

    // Set before the attempt is sent.

    /// <summary>From the cookie container.</summary>
    public string? CookieHeader { get; set; }

    /// <summary>To ask for the content codings that will be undone.</summary>
    public string? AcceptEncoding { get; set; }

    /// <summary>Trace context.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? PropagatedHeaders { get; set; }

    /// <summary>Ends the exchange when its total time is over, also while the body is read.</summary>
    public TotalDeadline? TotalDeadline { get; set; }

    public int Replays { get; set; }

    /// <summary>Where the request was sent, if the program asked to remember.</summary>
    public string? Stack { get; set; }

    // Set by the pool when it leases a connection.
    public bool Reused { get; set; }

    /// <summary>The connection had rested in the pool, so the server may have closed it just as the request was sent.</summary>
    public bool Rested { get; set; }

    public TimeSpan IdleTime { get; set; }

    public TimeSpan QueueTime { get; set; }

    public long LeasedAt { get; set; }

    public bool WasLeased { get; set; }

    /// <summary>It waited for a connection, so whatever ended the wait may still know it.</summary>
    public bool WasQueued { get; set; }

    // Set by the connection.
    public RequestSent Sent { get; set; }

    /// <summary>The content being written, which ends soon after the connection, but not with it.</summary>
    public Task Copying { get; set; } = Task.CompletedTask;

    /// <summary>Whether one byte of a response has arrived.</summary>
    public bool ResponseStarted { get; set; }

    /// <summary>The server has said that it did nothing with the request: REFUSED_STREAM, or a GOAWAY that leaves it out (RFC 9113 §8.7).</summary>
    public bool NotProcessed { get; set; }

    /// <summary>The content has been asked for its bytes, whether or not any of them have left.</summary>
    public bool ContentBegun { get; set; }

    /// <summary>Its connection had no place for it after all, and nothing was sent: it waits again, and that is no replay.</summary>
    public bool TurnedAway { get; set; }

    /// <summary>The request must not be sent with HTTP/1.1.</summary>
    public bool RequiresHttp2 => Request.Version.Major >= 2 && Request.VersionPolicy != HttpVersionPolicy.RequestVersionOrLower;

    /// <summary>It opens a tunnel through an HTTP/2 stream (RFC 8441), which HTTP/1.1 has no words for.</summary>
    public bool IsExtendedConnect => Request.Method == HttpMethod.Connect && Request.Headers.Protocol is not null;

    /// <summary>
    /// Set before the promise is kept, by the flow that keeps it: the connection, its timers and the token's callbacks know this attempt no more, so
    /// whoever waits on it is the last one to hold it.
    /// </summary>
    public bool Forgotten { get; set; }

    public bool IsCompleted => Volatile.Read(ref _completed) != 0;

    public ValueTask<HttpResponseMessage> Response => new(this, _promise.Version);

    /// <summary>An attempt that nobody else knows: a new one, or one that was given back.</summary>
    public static Attempt Rent(HttpRequestMessage request, RequestSettings settings, CancellationToken cancellationToken)
    {
        if (t_spare is not { } spare)
        {
            return new Attempt(request, settings, cancellationToken);
        }

        t_spare = null;
        spare.Request = request;
        spare.Settings = settings;
        spare.CancellationToken = cancellationToken;
        return spare;
    }

    /// <summary>Gives back an attempt whose response has been taken. Does nothing where somebody else may still know it.</summary>
    public static void Return(Attempt attempt)
    {
        if (!attempt.Forgotten)
        {
            return;
        }

        Debug.Assert(attempt.IsCompleted, "given back with its promise open");
        attempt.Request = null!;
        attempt.Settings = null!;
        attempt.CancellationToken = CancellationToken.None;
        attempt.CookieHeader = null;
        attempt.AcceptEncoding = null;
        attempt.PropagatedHeaders = null;
        attempt.TotalDeadline = null;
        attempt.Replays = 0;
        attempt.Stack = null;
        attempt.Reused = false;
        attempt.Rested = false;
        attempt.IdleTime = TimeSpan.Zero;
        attempt.QueueTime = TimeSpan.Zero;
        attempt.LeasedAt = 0;
        attempt.WasLeased = false;
        attempt.WasQueued = false;
        attempt.Sent = RequestSent.No;
        attempt.Copying = Task.CompletedTask;
        attempt.ResponseStarted = false;
        attempt.NotProcessed = false;
        attempt.ContentBegun = false;
        attempt.TurnedAway = false;
        attempt.Forgotten = false;
        attempt._completed = 0;
        t_spare = attempt;
    }

    /// <summary>The attempt that replays this one, or waits in its stead.</summary>
    public Attempt Again() => new(Request, Settings, CancellationToken)
    {
        CookieHeader = CookieHeader,
        AcceptEncoding = AcceptEncoding,
        PropagatedHeaders = PropagatedHeaders,
        TotalDeadline = TotalDeadline,
        Stack = Stack,
        Replays = TurnedAway ? Replays : Replays + 1,
    };

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
