using System.Diagnostics;
using System.Net;
using System.Threading.Tasks.Sources;
using Warmwire.Authentication;
using Warmwire.Fields;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Connections;

/// <summary>
/// One attempt to get one response: the request, what the connection reports about it, and the promise the caller waits on. The promise is
/// apart from the connection's work, so that a caller who gives up is free at once while the connection reads on.
/// </summary>
/// <remarks>
/// Used again for later requests, but only where nobody else can still know it (<see cref="AttemptProgress.Forgotten"/>): most exchanges of
/// a busy program end that way. Any other is left to the garbage collector.
/// </remarks>
internal sealed class Attempt : IValueTaskSource<HttpResponseMessage>
{
    [ThreadStatic]
    private static Attempt? t_spare;

    private ManualResetValueTaskSourceCore<HttpResponseMessage> _promise;
    private int _completed;

    private AttemptRequest _request;
    private LeaseFacts _lease;
    private AttemptProgress _progress;
    private StreamSlot _slot;
    private HttpConnection? _measured;

    public Attempt(in AttemptRequest request) => _request = request;

    // The request, which is the same while the attempt lasts.

    public HttpRequestMessage Request => _request.Message;

    public RequestSettings Settings => _request.Settings;

    public CancellationToken CancellationToken => _request.CancellationToken;

    /// <inheritdoc cref="AttemptRequest.CookieHeader"/>
    public string? CookieHeader => _request.CookieHeader;

    /// <inheritdoc cref="AttemptRequest.AcceptEncoding"/>
    public string? AcceptEncoding => _request.AcceptEncoding;

    /// <inheritdoc cref="AttemptRequest.Authorization"/>
    public AuthorizationFields? Authorization => _request.Authorization;

    /// <inheritdoc cref="AttemptRequest.PropagatedHeaders"/>
    public IReadOnlyList<KeyValuePair<string, string>>? PropagatedHeaders => _request.PropagatedHeaders;

    /// <inheritdoc cref="AttemptRequest.Proxy"/>
    public ProxyHop? Proxy => _request.Proxy;

    /// <inheritdoc cref="AttemptRequest.TotalDeadline"/>
    public TotalDeadline? TotalDeadline => _request.TotalDeadline;

    /// <inheritdoc cref="AttemptRequest.Replays"/>
    public int Replays => _request.Replays;

    /// <inheritdoc cref="AttemptRequest.TurnsAway"/>
    public int TurnsAway => _request.TurnsAway;

    /// <summary>Whether the request has had a connection before.</summary>
    public bool IsAgain => _request.Replays + _request.TurnsAway > 0;

    /// <inheritdoc cref="AttemptRequest.Stack"/>
    public string? Stack => _request.Stack;

    /// <summary>The request must not be sent with HTTP/1.1.</summary>
    public bool RequiresHttp2 => Request.Version.Major >= 2 && Request.VersionPolicy != HttpVersionPolicy.RequestVersionOrLower;

    /// <summary>Whether the request opens a tunnel through an HTTP/2 stream (RFC 8441), which HTTP/1.1 has no words for.</summary>
    public bool IsExtendedConnect => ConnectMethod.ProtocolOf(Request) is not null;

    // The lease, set by the pool.

    public LeaseFacts Lease { get => _lease; set => _lease = value; }

    /// <summary>
    /// The connection whose owner is told how the wait for the head ended; <see langword="null"/>: nobody is, as where the pool has no
    /// limit that follows latency.
    /// </summary>
    public HttpConnection? Measured { get => _measured; set => _measured = value; }

    // The progress, set by the connection.

    public ref AttemptProgress Progress => ref _progress;

    /// <summary>The slot on a multiplexed connection, until the stream is open and holds it.</summary>
    public ref StreamSlot Slot => ref _slot;

    public bool IsCompleted => Volatile.Read(ref _completed) != 0;

    public ValueTask<HttpResponseMessage> Response => new(this, _promise.Version);

    /// <summary>An attempt without other users: a new one, or one that was given back.</summary>
    public static Attempt Rent(in AttemptRequest request)
    {
        if (t_spare is not { } spare)
        {
            return new Attempt(request);
        }

        t_spare = null;
        spare._request = request;
        return spare;
    }

    /// <summary>Gives back an attempt whose response has been taken. Does nothing where somebody else may still know it.</summary>
    public static void Return(Attempt attempt)
    {
        if (!attempt._progress.Forgotten)
        {
            return;
        }

        // Each part as a whole: a field that were forgotten here would show one request what another has left.
        Debug.Assert(attempt.IsCompleted, "given back with its promise open");
        attempt._request = default;
        attempt._lease = default;
        attempt._progress = default;
        attempt._slot = default;
        attempt._measured = null;
        attempt._completed = 0;
        t_spare = attempt;
    }

    /// <summary>The attempt that replays this one, or waits in its stead.</summary>
    /// <param name="isReplay">Whether that is a replay.</param>
    public Attempt Again(bool isReplay) =>
        new(isReplay ? _request with { Replays = Replays + 1 } : _request with { TurnsAway = TurnsAway + 1 });

    /// <summary>An attempt with other credentials, in place of this one, which was not made.</summary>
    public Attempt With(AuthorizationFields authorization) => new(_request with { Authorization = authorization });

    public bool TryComplete(HttpResponseMessage response)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0)
        {
            return false;
        }

        if (_measured is not null)
        {
            TellHeadEnded(response.StatusCode);
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

        if (_measured is not null)
        {
            TellHeadEnded(status: null);
        }

        _promise.RunContinuationsAsynchronously = asynchronously;
        _promise.SetException(error);
        return true;
    }

    /// <summary>Once, by the flow that has won the promise, and before it is kept: then the attempt may serve another request.</summary>
    private void TellHeadEnded(HttpStatusCode? status)
    {
        HttpConnection measured = _measured!;
        _measured = null;
        measured.Owner.HeadEnded(measured, this, status);
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

    void IValueTaskSource<HttpResponseMessage>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _promise.OnCompleted(continuation, state, token, flags);
}
