using System.Diagnostics;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Runtime;
using Warmwire.Settings;
using Warmwire.Sockets;

namespace Warmwire.Http1.Flow;

/// <summary>
/// One HTTP/1.1 connection: one exchange at a time. It owns the state; <see cref="Http1Reader"/> and <see cref="Http1RequestWriter"/> do the work,
/// <see cref="Http1Exchange"/> and <see cref="Http1Drain"/> are its flows.
/// </summary>
/// <remarks>
/// Two flows may run at once: the one that writes the request, and the one that reads. The reading flow has one owner at a time: the exchange until
/// the head, then the caller's reads of the body, then a drain. Whoever wants to end an exchange from outside (a canceller, a timer, a disposer, the
/// finalizer) changes the state under the gate and leaves the reading to its owner.
/// </remarks>
internal sealed class Http1Connection : HttpConnection, IInputWatcher
{
    // Immutable.
    private readonly ConnectionServices _services;
    private readonly Http1Drain _drain;

    /// <summary>The socket below, if it tells by itself that something came while nobody reads.</summary>
    private readonly SocketStream? _notifies;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private volatile Http1State _state = Http1State.Leased;
    private Attempt? _attempt;
    private long _exchangeId;
    private volatile RequestProgress _request;
    private bool _bodyReadInFlight;
    private long _restId;
    private CloseReason _drainFailure;
    private CloseReason _closedFor;
    private TransportException? _bodyFailure;
    private TimeSpan? _keepAliveHint;
    private TaskCompletionSource? _finished;

    // Taken by whoever tells how the exchange ended for the connection.
    private RequestTrace? _trace;

    // The reading flow's own.
    private FramingResult _framing;

    public Http1Connection(Route key, DialedStream dialed, IConnectionOwner owner, ConnectionServices services)
        : base(key, dialed, owner, services)
    {
        _services = services;
        Reader = new Http1Reader(dialed.Stream, dialed.SupportsZeroByteReads);
        Writer = new Http1RequestWriter(dialed.Stream, key, services);
        _drain = new Http1Drain(this, services);
        if (dialed.SocketStream is { NotifiesInput: true } socket)
        {
            _notifies = socket;
            socket.InputWatcher = this;
        }
    }

    public Http1Reader Reader { get; }

    public Http1RequestWriter Writer { get; }

    public Stream Stream => Dialed.Stream;

    /// <summary>Whether a cancelled read leaves the stream as it was, so that a caller's token and memory may be handed down to it.</summary>
    public bool CanWithdrawReads => _notifies is not null && Dialed.IsPlain;

    // Without the gate: the pool asks under its own, and locks do not nest.
    public override string StateName => _state.ToString();

    public override TimeSpan? KeepAliveHint => _keepAliveHint;

    public Http1State State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    // ---- Rest and lease ---------------------------------------------------------------------------------------------

    public override bool TryLease(TimeSpan idleTime)
    {
        if (_notifies is null
            ? Dialed is { IsPlain: true, SocketStream: { } socket } ? socket.HasInput : Reader.WatchHasEnded
            : (idleTime > Http1Limits.HeardOfJustNow || _notifies.MayHaveInput) && _notifies.HasInput && FoundInput(Volatile.Read(ref _restId)))
        {
            // Story: the stray bytes or the end are here, but the watch has not been told yet, or its flow has not got a thread. It will close the
            // connection; leased now, those bytes would become the next answer. So the socket itself is asked. Only right behind an answer it need
            // not be: the read that took the answer found nothing behind it.
            return false;
        }

        lock (_gate)
        {
            // Story: the watch of a plain socket wakes for nothing, and its flow is about to begin another one. Turned down here, the connection would be
            // in nobody's hands. That socket has been asked; what comes from now on is found before the request is written.
            if (_state != Http1State.Idle || (Reader.WatchHasEnded && !Dialed.IsPlain))
            {
                return false;
            }

            MoveTo_NeedsLock(Http1State.Leased);
            return true;
        }
    }

    /// <summary>Whether bytes, the end or a failure have come although no request was sent.</summary>
    private bool InputCame => _notifies is not null && Dialed.IsPlain ? _notifies.MayHaveInput && _notifies.HasInput : Reader.WatchHasEnded && !WokeForNothing();

    /// <summary>
    /// A read of nothing may end although there is nothing: the news of bytes that an earlier read has taken already reaches the socket late.
    /// The socket itself knows better. (TLS passes over it, and a read of one byte ends only with a byte.)
    /// </summary>
    private bool WokeForNothing() => Dialed is { SupportsZeroByteReads: true, IsPlain: true, SocketStream.HasInput: false };

    public override void Release()
    {
        long exchangeId;
        long restId;
        lock (_gate)
        {
            if (_state == Http1State.Closed)
            {
                return;
            }

            _attempt = null;
            exchangeId = _exchangeId;
            restId = ++_restId;
            MoveTo_NeedsLock(Http1State.Idle);
        }

        RequestTrace? trace = Interlocked.Exchange(ref _trace, null);
        BeginRest(restId);
        if (trace is not null)
        {
            UserCode.Tell(trace.PutIdleConnection, ClosedSince(exchangeId));
        }
    }

    private void BeginRest(long restId)
    {
        // Story: the peer closes right behind its response. The watch is on before the pool hears of the connection, so either the
        // watch finds the end first and the pool is told Closed and ignores the return, or the pool has it and the lease fails.
        if (_notifies is null)
        {
            _ = Detached.Run(this, restId, static (connection, restId) => connection.WatchAsync(restId, connection.Reader.StartWatch()));
        }
        else
        {
            Reader.Rest();
            if (!Dialed.IsPlain && Reader.MayHaveLeftSome)
            {
                // Story: the end of the body and stray bytes behind it came in one TLS record. The read asked for the body's length and got it, the rest
                // is decrypted and waits in the TLS stream, and the socket is empty. They would become the next answer.
                FoundInput(restId);
            }
            else if (_notifies.MayHaveInput)
            {
                // Story: the end came together with the last bytes of the answer. The notice of it found an exchange under way and was left to
                // that exchange, which had no reason to read on.
                ((IInputWatcher)this).InputArrived();
            }
        }

        Owner.Returned(this);
    }

    /// <summary>Something came, on a socket that tells so. While an exchange runs, its own read sees it.</summary>
    void IInputWatcher.InputArrived()
    {
        long restId;
        lock (_gate)
        {
            if (_state != Http1State.Idle)
            {
                return;
            }

            restId = _restId;
        }

        // Story: a whole exchange comes and goes between the question and what follows from the answer, and what the socket had to read was its response.
        if (_notifies!.HasInput)
        {
            FoundInput(restId);
        }
    }

    /// <summary>
    /// The socket of a resting connection has something to read, or the TLS stream over it may. Without TLS this is the end of the connection; with TLS
    /// it may be a session ticket, or nothing, which only a read of that stream can tell.
    /// </summary>
    /// <param name="restId">The rest in which it was found.</param>
    /// <returns>Whether the connection is over.</returns>
    private bool FoundInput(long restId)
    {
        Task<int>? watch = null;
        lock (_gate)
        {
            if (_state != Http1State.Idle || _restId != restId)
            {
                return true;
            }

            if (Dialed.IsPlain)
            {
                MoveTo_NeedsLock(Http1State.Leased);
            }
            else
            {
                // Under the gate, so that nobody leases the connection and reads while this read begins; it waits for nothing here.
                watch = Detached.Run(Reader, 0, static (reader, _) => reader.StartWatch());
            }
        }

        if (watch is null)
        {
            _ = CloseForInputAsync(watch: null, error: null);
            return true;
        }

        _ = Detached.Run(this, (restId, watch), static (connection, rest) => connection.WatchAsync(rest.restId, rest.watch));
        return watch.IsCompleted;
    }

    /// <summary>Why the connection was closed if no exchange has begun since this one; the pool closes what it does not want to keep.</summary>
    private CloseReason? ClosedSince(long exchangeId)
    {
        lock (_gate)
        {
            return _state == Http1State.Closed && _exchangeId == exchangeId ? _closedFor : null;
        }
    }

    /// <summary>Waits while the connection rests. Leased before anything came, the wait is the first one of the next response, and not this flow's any more.</summary>
    private async Task WatchAsync(long restId, Task<int> watch)
    {
        bool broken = false;
        WatchOutcome outcome = WatchOutcome.GoesOn;
        while (outcome == WatchOutcome.GoesOn)
        {
            // A failure is a reset while resting, or our own close. While an exchange runs, its own read sees the same.
            await ((Task)watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            broken = !watch.IsCompletedSuccessfully;

            // Nearly always an exchange has taken the connection, and its answer ended the watch. Then the socket need not be asked.
            bool resting = _state == Http1State.Idle;
            outcome = WatchEnded(restId, forNothing: resting && !broken && WokeForNothing(), ref watch);
        }

        if (outcome == WatchOutcome.FoundDead)
        {
            await CloseForInputAsync(watch, error: null).ConfigureAwait(false);
        }
    }

    private WatchOutcome WatchEnded(long restId, bool forNothing, ref Task<int> watch)
    {
        lock (_gate)
        {
            // Story: the watch ends with the first bytes of a response, and the exchange is over and the connection back at rest before this
            // flow gets to run. Those bytes are no sign of death for the rest that has begun since.
            if (_state != Http1State.Idle || _restId != restId)
            {
                return WatchOutcome.NotOurs;
            }

            if (forNothing)
            {
                // Under the gate, so that nobody leases the connection and reads while this read begins; it waits for nothing here.
                watch = Reader.RestartWatch();
                return WatchOutcome.GoesOn;
            }

            // Not leased by anybody from here on.
            MoveTo_NeedsLock(Http1State.Leased);
            return WatchOutcome.FoundDead;
        }
    }

    /// <summary>
    /// Something came just before the first byte of a request: it is no answer to it. The connection is closed and the request fails as not sent,
    /// so that it is sent again on another one.
    /// </summary>
    public bool RefuseForInput(Attempt attempt)
    {
        // On a fresh connection it is an answer that came early, such as the refusal of a server that is full.
        if (!(attempt.Lease.Reused || attempt.Lease.WasIdle) || !InputCame)
        {
            return false;
        }

        _ = CloseForInputAsync(Reader.EndedWatch, TransportErrors.ConnectionGone(this, attempt, CloseReason.ServerClosed));
        return true;
    }

    private async Task CloseForInputAsync(Task<int>? watch, TransportException? error)
    {
        bool foundBytes = _notifies is not null && Dialed.IsPlain
            ? await Reader.FindsByteAsync().ConfigureAwait(false)
            : await Reader.WatchFoundBytesAsync(watch).ConfigureAwait(false);
        Close(foundBytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed, error, asynchronously: false);
    }

    // ---- An exchange ------------------------------------------------------------------------------------------------

    public override ValueTask<HttpResponseMessage> SendAsync(Attempt attempt)
    {
        ValueTask<HttpResponseMessage> response = attempt.Response;
        long exchangeId = 0;
        bool begun;
        lock (_gate)
        {
            begun = _state == Http1State.Leased;
            if (begun)
            {
                MoveTo_NeedsLock(Http1State.Exchange);
                _attempt = attempt;
                exchangeId = ++_exchangeId;
                _request = RequestProgress.Writing;
                _bodyReadInFlight = false;
                _bodyFailure = null;
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

    public CloseReason ClosedFor
    {
        get
        {
            lock (_gate)
            {
                return _closedFor;
            }
        }
    }

    /// <summary>The head is here: from now on the caller's cancellation no longer ends the exchange. <see langword="false"/>: nobody waits for it any more.</summary>
    public bool TryTakeHead(Attempt attempt, in FramingResult framing, Http1State next)
    {
        lock (_gate)
        {
            _framing = framing;
            TakeKeepAlive_NeedsLock(framing);
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
    /// The response came as a whole with its head, the request is out, and the connection is clean: it rests, in one step. <see langword="false"/>: one of
    /// these does not hold, and nothing has changed.
    /// </summary>
    /// <param name="attempt">The attempt it answers.</param>
    /// <param name="framing">What the head says.</param>
    public bool TryFinishAtHead(Attempt attempt, in FramingResult framing)
    {
        if (!framing.KeepAlive || framing.Http10 || Reader.Buffered > 0 || Reader.BodyEndsWithStream || Writer.RequestSaysClose || attempt.Settings.Trace is not null)
        {
            return false;
        }

        long restId;
        lock (_gate)
        {
            if (_state != Http1State.Exchange || _attempt != attempt || _request != RequestProgress.Done)
            {
                return false;
            }

            TakeKeepAlive_NeedsLock(framing);
            _attempt = null;
            restId = ++_restId;
            MoveTo_NeedsLock(Http1State.Idle);
        }

        Writer.Release();
        BeginRest(restId);
        return true;
    }

    private void TakeKeepAlive_NeedsLock(in FramingResult framing)
    {
        if (framing.KeepAliveTimeoutSeconds is { } seconds)
        {
            // One second less than promised, because our request needs time to get there.
            _keepAliveHint = TimeSpan.FromSeconds(Math.Max(0, seconds - 1));
        }
    }

    /// <summary>
    /// Somebody gives up waiting for the head. The caller is free at once; the connection reads on if the whole request is out
    /// and closes otherwise.
    /// </summary>
    public void Abandon(Attempt attempt, Exception error, CloseReason reason)
    {
        bool drain;
        long exchangeId;
        lock (_gate)
        {
            if (_attempt != attempt || _state != Http1State.Exchange)
            {
                return;
            }

            exchangeId = _exchangeId;
            drain = reason == CloseReason.Cancelled && _request == RequestProgress.Done && _services.Settings.CancellationDrainTimeout > TimeSpan.Zero;
            if (drain)
            {
                MoveTo_NeedsLock(Http1State.Draining);
                _drainFailure = reason;
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
            _drain.Limit(exchangeId, _services.Settings.CancellationDrainTimeout, reason);
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

    /// <summary>The request is written as a whole, or will not be.</summary>
    public void RequestEnded(long exchangeId, bool complete)
    {
        bool finish;
        lock (_gate)
        {
            if (_exchangeId != exchangeId)
            {
                return;
            }

            _request = complete ? RequestProgress.Done : RequestProgress.Unfinished;
            finish = _state == Http1State.Finishing;
        }

        if (finish)
        {
            _ = Finish();
        }
    }

    public bool IsRequestDone => _request == RequestProgress.Done;

    // ---- The body ---------------------------------------------------------------------------------------------------

    /// <summary>Takes the reading flow for one read of the body. <see langword="false"/>: this body is over.</summary>
    public bool TryBeginBodyRead(long exchangeId)
    {
        lock (_gate)
        {
            if (_exchangeId != exchangeId || _state != Http1State.Body)
            {
                return false;
            }

            if (_bodyReadInFlight)
            {
                throw new InvalidOperationException(ErrorTexts.ConcurrentBodyReads);
            }

            _bodyReadInFlight = true;
            return true;
        }
    }

    /// <summary>Gives the reading flow back; finishes the exchange at the body's end, or starts the drain that was asked for while the read ran.</summary>
    /// <param name="bodyEnded">Whether this read came to the body's end; asked of the reader before the flow is given back.</param>
    /// <returns>As <see cref="Finish"/>.</returns>
    public Task EndBodyRead(bool bodyEnded)
    {
        bool drain;
        lock (_gate)
        {
            // Story: the response is disposed between a read of the body's last bytes and the finish below. If the flow were free then, the disposal
            // would start a drain, which finishes the exchange too, and one of the two would finish the next one. So it stays taken.
            _bodyReadInFlight = bodyEnded;
            drain = _state == Http1State.Draining;
        }

        if (bodyEnded)
        {
            return Finish();
        }
        else if (drain)
        {
            _drain.Start(pendingFill: null);
        }

        return Task.CompletedTask;
    }

    /// <summary>The caller's read was cancelled: the fill it waited for, if it could not be withdrawn, goes on and belongs to the drain from now on.</summary>
    public void AbandonBodyRead(Task<int>? pendingFill)
    {
        bool limit = false;
        bool drain;
        long exchangeId;
        lock (_gate)
        {
            _bodyReadInFlight = false;
            exchangeId = _exchangeId;
            if (_state == Http1State.Closed)
            {
                AbandonFill(pendingFill);
                return;
            }

            // Story: the response is disposed while a read waits, then the read is cancelled. The drain of the disposal has its limits already.
            drain = _state == Http1State.Draining;
            if (!drain)
            {
                drain = limit = MayDrain_NeedsLock(_services.Settings.MaxCancellationDrainSize, _services.Settings.CancellationDrainTimeout);
                if (drain)
                {
                    MoveTo_NeedsLock(Http1State.Draining);
                    _drainFailure = CloseReason.Cancelled;
                }
                else
                {
                    MarkClosed_NeedsLock(CloseReason.Cancelled);
                }
            }
        }

        if (limit)
        {
            _drain.Limit(exchangeId, _services.Settings.CancellationDrainTimeout, CloseReason.Cancelled);
        }

        if (drain)
        {
            _drain.Start(pendingFill);
        }
        else
        {
            AbandonFill(pendingFill);
            CompleteClose(CloseReason.Cancelled, attempt: null, error: null, asynchronously: true);
        }
    }

    private static void AbandonFill(Task<int>? pendingFill)
    {
        if (pendingFill is not null)
        {
            Abandoned.Forget(pendingFill);
        }
    }

    /// <summary>The response was disposed, or found by the garbage collector, with its body not read to the end.</summary>
    public void AbandonBody(long exchangeId)
    {
        HandlerSettings settings = _services.Settings;
        bool drain, start;
        lock (_gate)
        {
            if (_exchangeId != exchangeId || _state != Http1State.Body)
            {
                return;
            }

            drain = MayDrain_NeedsLock(settings.MaxResponseDrainSize, settings.ResponseDrainTimeout);
            start = drain && !_bodyReadInFlight;
            if (drain)
            {
                MoveTo_NeedsLock(Http1State.Draining);
                _drainFailure = CloseReason.DrainLimit;
            }
            else
            {
                MarkClosed_NeedsLock(CloseReason.BodyNotDrained);
            }
        }

        if (!drain)
        {
            CompleteClose(CloseReason.BodyNotDrained, attempt: null, error: null, asynchronously: true);
            return;
        }

        _drain.Limit(exchangeId, settings.ResponseDrainTimeout, CloseReason.DrainLimit);
        if (start)
        {
            _drain.Start(pendingFill: null);
        }
    }

    private bool MayDrain_NeedsLock(int maxBytes, TimeSpan timeout) =>
        maxBytes > 0 && timeout != TimeSpan.Zero && !Reader.BodyEndsWithStream && (Reader.BodyRemaining is not { } left || left <= maxBytes);

    /// <summary>A timeout, or the content of the request, ended the reading of the body.</summary>
    public void FailBody(long exchangeId, CloseReason reason, TransportException error)
    {
        lock (_gate)
        {
            if (_exchangeId != exchangeId || _state != Http1State.Body)
            {
                return;
            }

            _bodyFailure = error;
            MarkClosed_NeedsLock(reason);
        }

        CompleteClose(reason, attempt: null, error: null, asynchronously: true);
    }

    /// <summary>The drain, or the wait for the request's writer, took too long.</summary>
    public void DrainExpired(long exchangeId, CloseReason reason)
    {
        lock (_gate)
        {
            if (_exchangeId != exchangeId || _state is not (Http1State.Draining or Http1State.Finishing))
            {
                return;
            }

            MarkClosed_NeedsLock(reason);
        }

        CompleteClose(reason, attempt: null, error: null, asynchronously: true);
    }

    /// <summary>Reads what is left of an abandoned response whose head has just been read by the exchange's flow.</summary>
    public void DrainAfterHead() => _drain.Start(pendingFill: null);

    /// <summary>Why the body cannot be read on, if this connection ended it.</summary>
    public TransportException? BodyFailure(long exchangeId)
    {
        lock (_gate)
        {
            return _exchangeId == exchangeId ? _bodyFailure : null;
        }
    }

    /// <summary>The drain's own limits: on the bytes it skips, and what a passed limit is called.</summary>
    public (int MaxBytes, CloseReason Reason) DrainLimits
    {
        get
        {
            lock (_gate)
            {
                return _drainFailure == CloseReason.Cancelled
                    ? (_services.Settings.MaxCancellationDrainSize, CloseReason.Cancelled)
                    : (_services.Settings.MaxResponseDrainSize, CloseReason.DrainLimit);
            }
        }
    }

    // ---- The end of an exchange -------------------------------------------------------------------------------------

    /// <summary>
    /// The response has been read to its end, by the owner of the reading flow. The connection rests if it is clean:
    /// request written as a whole, no byte left over, keep-alive allowed by both sides (RFC 9112 §9.3).
    /// </summary>
    /// <returns>
    /// Complete, or, when the writer of the request is just behind, what the caller's end of the response has to wait for so that the connection is
    /// free before the caller goes on.
    /// </returns>
    public Task Finish()
    {
        CloseReason? reason =
            Reader.BodyEndsWithStream ? CloseReason.BodyEndedByClose
            : Reader.Buffered > 0 ? CloseReason.UnsolicitedData
            : _framing.Http10 ? CloseReason.Http10
            : !_framing.KeepAlive || Writer.RequestSaysClose ? CloseReason.ConnectionCloseHeader
            : null;
        bool wait = false;
        long exchangeId;
        lock (_gate)
        {
            if (_state == Http1State.Closed)
            {
                return Task.CompletedTask;
            }

            exchangeId = _exchangeId;
            if (reason is null)
            {
                // Story: the server answers as soon as it has the last byte of the request, and the answer is through before the flow that
                // wrote that byte has come back from the send. It is about to say so; only a server that wants no more keeps it waiting.
                wait = _request == RequestProgress.Writing;
                reason = _request == RequestProgress.Unfinished ? CloseReason.RequestUnfinished : null;
                if (wait)
                {
                    MoveTo_NeedsLock(Http1State.Finishing);
                    _finished = Writer.HasHandedOverAll ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
                }
            }
        }

        if (wait)
        {
            Task finished = _finished?.Task ?? Task.CompletedTask;
            _drain.Limit(exchangeId, Http1Limits.RequestAfterResponse, CloseReason.RequestUnfinished);
            return finished;
        }

        _drain.Unlimit();
        if (reason is { } close)
        {
            Close(close);
            return Task.CompletedTask;
        }

        Writer.Release();
        TaskCompletionSource? waiting = Interlocked.Exchange(ref _finished, null);
        Release();
        waiting?.TrySetResult();
        return Task.CompletedTask;
    }

    public override void Close(CloseReason reason) => Close(reason, error: null, asynchronously: true);

    /// <summary>Closes from any state. An exchange that still waits for its head fails with <paramref name="error"/>, or with one made from the reason.</summary>
    public void Close(CloseReason reason, Exception? error, bool asynchronously)
    {
        Attempt? attempt;
        lock (_gate)
        {
            if (_state == Http1State.Closed)
            {
                return;
            }

            attempt = MarkClosed_NeedsLock(reason);
        }

        CompleteClose(reason, attempt, error, asynchronously);
    }

    private Attempt? MarkClosed_NeedsLock(CloseReason reason)
    {
        MoveTo_NeedsLock(Http1State.Closed);
        _closedFor = reason;
        Attempt? attempt = _attempt;
        _attempt = null;
        return attempt;
    }

    /// <summary>What closing does outside the gate, once.</summary>
    private void CompleteClose(CloseReason reason, Attempt? attempt, Exception? error, bool asynchronously)
    {
        _drain.Unlimit();
        Writer.Stop();
        try
        {
            // Pending reads and writes fail; the buffers they use are left to the garbage collector.
            Stream.Dispose();
        }
        catch (Exception)
        {
            // A stream of a ConnectCallback may throw here; it is gone all the same.
        }

        Owner.Closed(this, reason);
        Interlocked.Exchange(ref _finished, null)?.TrySetResult();
        UserCode.Tell(Interlocked.Exchange(ref _trace, null)?.PutIdleConnection, (CloseReason?)reason);
        attempt?.TryFail(error ?? TransportErrors.ConnectionGone(this, attempt, reason), asynchronously);
    }

    private void MoveTo_NeedsLock(Http1State next)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "the gate");
        Debug.Assert(
            (_state, next) switch
            {
                (Http1State.Closed, _) => false,
                (_, Http1State.Closed) => true,
                (Http1State.Idle, Http1State.Leased) => true,
                (Http1State.Leased, Http1State.Exchange or Http1State.Idle) => true,
                (Http1State.Exchange, Http1State.Body or Http1State.Draining or Http1State.Upgraded or Http1State.Idle) => true,
                (Http1State.Body, Http1State.Draining or Http1State.Finishing or Http1State.Idle) => true,
                (Http1State.Draining, Http1State.Finishing or Http1State.Idle) => true,
                (Http1State.Finishing, Http1State.Idle) => true,
                _ => false,
            },
            $"{_state} to {next} on connection {Id}");
        _state = next;
    }

    private enum WatchOutcome
    {
        GoesOn,
        FoundDead,
        NotOurs,
    }

    private enum RequestProgress
    {
        Writing,
        Done,
        Unfinished,
    }
}
