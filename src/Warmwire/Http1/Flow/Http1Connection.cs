using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Runtime;

namespace Warmwire.Http1.Flow;

/// <summary>
/// One HTTP/1.1 connection: one exchange at a time. It owns the state and decides how an exchange ends; <see cref="Http1Reader"/> and
/// <see cref="Http1RequestWriter"/> do the work, <see cref="Http1Exchange"/> and <see cref="Http1Drain"/> are its flows,
/// <see cref="Http1Body"/> says whose turn it is to read, and an <see cref="IdleWatch"/> looks after it while it is idle.
/// </summary>
/// <remarks>
/// Two flows may run at once: the one that writes the request, and the one that reads. The reading flow has one owner at a time: the
/// exchange until the head, then the caller's reads of the body, then a drain. What ends an exchange from outside (a canceller, a timer, a
/// disposer, the finalizer) changes the state under the gate and leaves the reading to its owner.
/// </remarks>
internal sealed class Http1Connection : HttpConnection
{
    /// <summary>Not a nullable, which is twice as large: thousands of connections may be idle.</summary>
    private static readonly TimeSpan s_noHint = TimeSpan.MinValue;

    // Immutable.
    private readonly IdleWatch _idleWatch;

    // Guarded by Gate.
    private volatile Http1State _state = Http1State.Leased;
    private Attempt? _attempt;
    private long _exchangeId;
    private long _idleId;
    private volatile CloseReason _closedFor;
    private TimeSpan _keepAliveHint = s_noHint;

    // Taken by what tells how the exchange ended for the connection.
    private RequestTrace? _trace;

    // The reading flow's own.
    private FramingResult _framing;

    public Http1Connection(Route key, DialedStream dialed, IConnectionOwner owner, ConnectionServices services)
        : base(key, dialed, owner, services)
    {
        Reader = new Http1Reader(dialed.Stream, dialed.SupportsZeroByteReads, dialed.IsPlain ? null : dialed.SocketStream);
        Writer = new Http1RequestWriter(dialed.Stream, key, services, Request);
        Body = new Http1Body(this);
        CanWithdrawReads = dialed is { IsPlain: true, SocketStream.NotifiesInput: true };
        _idleWatch = IdleWatch.For(this);
    }

    /// <summary>Guards the state of the connection and what its parts say they guard by it.</summary>
    public Lock Gate { get; } = new();

    public Http1Reader Reader { get; }

    public Http1RequestWriter Writer { get; }

    public Http1Body Body { get; }

    /// <summary>How far the request is.</summary>
    public Http1RequestProgress Request { get; } = new();

    public Stream Stream => Dialed.Stream;

    /// <summary>Whether a cancelled read leaves the stream as it was, so that a caller's token and memory may be handed down.</summary>
    public bool CanWithdrawReads { get; }

    // Without the gate: the pool asks under its own, and locks do not nest.
    public override string StateName => _state.ToString();

    public override TimeSpan? KeepAliveHint => _keepAliveHint == s_noHint ? null : _keepAliveHint;

    public Http1State State => _state;

    public CloseReason ClosedFor => _closedFor;

    public bool IsClosed_NeedsLock => _state == Http1State.Closed;

    public bool IsDraining_NeedsLock => _state == Http1State.Draining;

    public long ExchangeId_NeedsLock => _exchangeId;

    /// <summary>For tests: called where a response that is complete has begun to wait for the writer of its request.</summary>
    internal Action? WaitsForWriter { get; set; }

    public bool IsIn_NeedsLock(long exchangeId, Http1State state) => _exchangeId == exchangeId && _state == state;

    // ---- Idle -------------------------------------------------------------------------------------------------------

    /// <summary>The idle period that is, or was last.</summary>
    public long IdleId => Volatile.Read(ref _idleId);

    /// <summary>A guess, without the gate.</summary>
    public bool MayBeIdle => _state == Http1State.Idle;

    public override bool TryLease(TimeSpan idleTime)
    {
        if (_idleWatch.FindsInput(idleTime))
        {
            return false;
        }

        lock (Gate)
        {
            if (_state != Http1State.Idle || !_idleWatch.MayLease_NeedsLock)
            {
                return false;
            }

            MoveTo_NeedsLock(Http1State.Leased);
            return true;
        }
    }

    public override void Release()
    {
        long exchangeId;
        long idleId;
        lock (Gate)
        {
            if (_state == Http1State.Closed)
            {
                return;
            }

            exchangeId = _exchangeId;
            idleId = BecomeIdle_NeedsLock();
        }

        RequestTrace? trace = Interlocked.Exchange(ref _trace, null);
        _idleWatch.Begin(idleId);
        Owner.Returned(this);
        if (trace is not null)
        {
            UserCode.Tell(trace.PutIdleConnection, ClosedSince(exchangeId));
        }
    }

    private long BecomeIdle_NeedsLock()
    {
        _attempt = null;
        MoveTo_NeedsLock(Http1State.Idle);
        return ++_idleId;
    }

    public bool IsIdle_NeedsLock(long idleId) => _state == Http1State.Idle && _idleId == idleId;

    public bool IsIdle(out long idleId)
    {
        lock (Gate)
        {
            idleId = _idleId;
            return _state == Http1State.Idle;
        }
    }

    /// <summary>
    /// Takes the connection for its watch, which is going to close it: nobody leases it from here on. <see langword="false"/>: the idle
    /// period is over.
    /// </summary>
    public bool TryTakeIdle(long idleId)
    {
        lock (Gate)
        {
            if (!IsIdle_NeedsLock(idleId))
            {
                return false;
            }

            MoveTo_NeedsLock(Http1State.Leased);
            return true;
        }
    }

    /// <summary>Why the connection was closed if no exchange has begun since this one; the pool closes what it does not keep.</summary>
    private CloseReason? ClosedSince(long exchangeId)
    {
        lock (Gate)
        {
            return _state == Http1State.Closed && _exchangeId == exchangeId ? _closedFor : null;
        }
    }

    /// <summary>
    /// Something came just before the first byte of a request: it is no answer to it. The connection is closed and the request fails as not
    /// sent, so that it is sent again on another one.
    /// </summary>
    public bool RefuseForInput(Attempt attempt) =>
        // On a fresh connection it is an answer that came early, such as the refusal of a server that is full.
        (attempt.Lease.Reused || attempt.Lease.WasIdle) && _idleWatch.CloseForInput(attempt);

    // ---- An exchange ------------------------------------------------------------------------------------------------

    public override ValueTask<HttpResponseMessage> SendAsync(Attempt attempt)
    {
        ValueTask<HttpResponseMessage> response = attempt.Response;
        long exchangeId = 0;
        bool begun;
        lock (Gate)
        {
            begun = _state == Http1State.Leased;
            if (begun)
            {
                MoveTo_NeedsLock(Http1State.Exchange);
                _attempt = attempt;
                exchangeId = ++_exchangeId;
                Request.Begin_NeedsLock();
                Body.Begin_NeedsLock(attempt.Settings.Drain);
                _trace = attempt.Settings.Trace;
            }
        }

        if (begun)
        {
            Http1Exchange.Start(this, attempt, exchangeId);
        }
        else
        {
            attempt.TryFail(TransportErrors.ConnectionGone(this, attempt, ClosedFor), asynchronously: false);
        }

        return response;
    }

    /// <summary>
    /// The head is here: from now on the caller's cancellation no longer ends the exchange. <see langword="false"/>: nobody waits for it
    /// any more.
    /// </summary>
    public bool TryTakeHead(Attempt attempt, in FramingResult framing, Http1State next)
    {
        lock (Gate)
        {
            _framing = framing;
            _keepAliveHint = framing.KeepAliveHint ?? _keepAliveHint;
            if (_state != Http1State.Exchange || _attempt != attempt)
            {
                return false;
            }

            MoveTo_NeedsLock(next);
            _attempt = null;
            return true;
        }
    }

    /// <summary>
    /// The response came as a whole with its head, the request is out, and the connection is clean: it becomes idle, in one step.
    /// <see langword="false"/>: one of these does not hold, and nothing has changed.
    /// </summary>
    /// <param name="attempt">The attempt it answers.</param>
    /// <param name="framing">What the head says.</param>
    public bool TryFinishAtHead(Attempt attempt, in FramingResult framing)
    {
        if (ReasonToClose(framing) is not null || attempt.Settings.Trace is not null)
        {
            return false;
        }

        long idleId;
        lock (Gate)
        {
            if (_state != Http1State.Exchange || _attempt != attempt || !Request.IsDone)
            {
                return false;
            }

            _keepAliveHint = framing.KeepAliveHint ?? _keepAliveHint;
            idleId = BecomeIdle_NeedsLock();
        }

        Writer.Release();
        _idleWatch.Begin(idleId);
        Owner.Returned(this);
        return true;
    }

    /// <summary>
    /// Somebody gives up waiting for the head. The caller is free at once; the connection reads on if the whole request is out
    /// and closes otherwise.
    /// </summary>
    public void Abandon(Attempt attempt, Exception error, CloseReason reason)
    {
        bool drain;
        long exchangeId;
        TimeSpan limit;
        lock (Gate)
        {
            if (_attempt != attempt || _state != Http1State.Exchange)
            {
                return;
            }

            exchangeId = _exchangeId;
            limit = Body.Limits_NeedsLock.CancellationTimeout;
            drain = reason == CloseReason.Cancelled && Request.IsDone && limit > TimeSpan.Zero;
            if (drain)
            {
                Body.BeginDrain_NeedsLock(reason);
                _attempt = null;
            }
            else
            {
                MarkClosed_NeedsLock(reason);
            }
        }

        if (drain)
        {
            // The exchange's flow goes on reading; it drains when it finds the head taken.
            Body.Drain.Limit(exchangeId, limit, reason);
            attempt.TryFail(error, asynchronously: true);
        }
        else
        {
            CompleteClose(reason, attempt, error, asynchronously: true);
        }
    }

    /// <summary>The request could not be sent as it is; nothing of it was. The connection is unharmed.</summary>
    public void GiveBackUnused(Attempt attempt, Exception error)
    {
        Writer.Release();
        Release();
        attempt.TryFail(error, asynchronously: false);
    }

    /// <summary>The request is written as a whole, or will not be. Returns whether a response waited for that, to be delivered.</summary>
    public bool RequestEnded(Attempt attempt, long exchangeId, bool complete)
    {
        bool finish;
        lock (Gate)
        {
            if (_exchangeId != exchangeId)
            {
                return false;
            }

            Request.MoveTo(complete ? Http1RequestState.Done : Http1RequestState.Unfinished, attempt);
            if (Request.TakeAnswer_NeedsLock())
            {
                return true;
            }

            finish = _state == Http1State.Finishing;
        }

        if (finish)
        {
            _ = Finish();
        }

        return false;
    }

    // ---- The end of an exchange -------------------------------------------------------------------------------------

    /// <summary>
    /// The response has been read to its end, by the owner of the reading flow. The connection becomes idle if it is clean:
    /// request written as a whole, no byte left over, keep-alive allowed by both sides (RFC 9112 §9.3).
    /// </summary>
    /// <returns>
    /// Complete, or, when the writer of the request is just behind, what the caller's end of the response has to wait for so that the
    /// connection is free before the caller goes on.
    /// </returns>
    public Task Finish()
    {
        CloseReason? reason = ReasonToClose(_framing);
        Task? wait = null;
        TaskCompletionSource? waiting = null;
        long exchangeId;
        lock (Gate)
        {
            if (_state == Http1State.Closed)
            {
                return Task.CompletedTask;
            }

            exchangeId = _exchangeId;
            if (reason is null && Request.IsUnderWay)
            {
                // Story: the server answers as soon as it has the last byte of the request, and the answer is through before the flow that
                // wrote that byte has come back from the send. It is about to say so; only a server that wants no more keeps it waiting.
                MoveTo_NeedsLock(Http1State.Finishing);
                wait = Request.AwaitEnd_NeedsLock(isNear: Writer.HasHandedOverAll);
            }
            else if (reason is null && Request.State == Http1RequestState.Unfinished)
            {
                reason = CloseReason.RequestUnfinished;
            }
            else if (reason is null)
            {
                waiting = Request.TakeAwaiter_NeedsLock();
            }
        }

        if (wait is not null)
        {
            WaitsForWriter?.Invoke();
            Body.Drain.Limit(exchangeId, Http1Limits.RequestAfterResponse, CloseReason.RequestUnfinished);
            return wait;
        }

        Body.Unlimit();
        if (reason is { } close)
        {
            Close(close);
            return Task.CompletedTask;
        }

        Writer.Release();
        Release();
        waiting?.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>Why the connection cannot serve another request, as far as the two messages tell.</summary>
    private CloseReason? ReasonToClose(in FramingResult framing) =>
        Reader.BodyEndsWithStream ? CloseReason.BodyEndedByClose
        : Reader.Buffered > 0 ? CloseReason.UnsolicitedData
        : framing.Http10 ? CloseReason.Http10
        : !framing.KeepAlive || Writer.RequestSaysClose ? CloseReason.ConnectionCloseHeader
        : null;

    public override void Close(CloseReason reason) => Close(reason, error: null, asynchronously: true);

    /// <summary>
    /// Closes from any state. An exchange that still waits for its head fails with <paramref name="error"/>, or with one made from the
    /// reason.
    /// </summary>
    public void Close(CloseReason reason, Exception? error, bool asynchronously)
    {
        Attempt? attempt;
        lock (Gate)
        {
            if (_state == Http1State.Closed)
            {
                return;
            }

            attempt = MarkClosed_NeedsLock(reason);
        }

        CompleteClose(reason, attempt, error, asynchronously);
    }

    /// <remarks>
    /// A body comes to its end as ever; its connection is returned then, and closed by the pool. A drain is only there to keep the
    /// connection, which nobody wants any more.
    /// </remarks>
    public override void CloseBehindBodies(CloseReason reason)
    {
        Attempt? attempt;
        lock (Gate)
        {
            if (_state is Http1State.Closed or Http1State.Body or Http1State.Finishing or Http1State.Upgraded)
            {
                return;
            }

            attempt = MarkClosed_NeedsLock(reason);
        }

        CompleteClose(reason, attempt, error: null, asynchronously: true);
    }

    /// <summary>Returns the attempt that still waits for its head.</summary>
    public Attempt? MarkClosed_NeedsLock(CloseReason reason)
    {
        // Before the state: what reads both does so without the gate.
        _closedFor = reason;
        MoveTo_NeedsLock(Http1State.Closed);
        Attempt? attempt = _attempt;
        _attempt = null;
        return attempt;
    }

    /// <summary>What closing does outside the gate, once.</summary>
    public void CompleteClose(CloseReason reason, Attempt? attempt, Exception? error, bool asynchronously)
    {
        Body.Unlimit();
        Writer.Stop();
        Owner.EndStream(Dialed);
        Owner.Closed(this, reason);
        TaskCompletionSource? waiting;
        lock (Gate)
        {
            waiting = Request.TakeAwaiter_NeedsLock();
        }

        waiting?.TrySetResult();
        UserCode.Tell(Interlocked.Exchange(ref _trace, null)?.PutIdleConnection, (CloseReason?)reason);
        attempt?.TryFail(error ?? TransportErrors.ConnectionGone(this, attempt, reason), asynchronously);
    }

    public void MoveTo_NeedsLock(Http1State next)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread, "the gate");
        Debug.Assert(Http1States.Follows(_state, next), $"{_state} to {next} on connection {Id}");
        _state = next;
    }
}
