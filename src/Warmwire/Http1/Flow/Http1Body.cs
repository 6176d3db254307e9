using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Runtime;
using Warmwire.Settings;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The body of the response that a connection is reading: whose turn it is to read it, and what becomes of the rest when nobody wants it.
/// All under the connection's gate; the reading itself is the <see cref="Http1Reader"/>'s.
/// </summary>
internal sealed class Http1Body
{
    private readonly Http1Connection _connection;

    // Guarded by the connection's gate.
    private Current _current;

    // Made when it is first needed, which on most connections is never.
    private Http1Drain? _drain;

    public Http1Body(Http1Connection connection) => _connection = connection;

    public Http1Drain Drain => _drain ?? Interlocked.CompareExchange(ref _drain, new Http1Drain(_connection), null) ?? _drain;

    /// <summary>The drain's own limits: on the bytes it skips, and what a passed limit is called.</summary>
    public (int MaxBytes, CloseReason Reason) DrainLimits
    {
        get
        {
            lock (_connection.Gate)
            {
                return _current.DrainFailure == CloseReason.Cancelled
                    ? (_current.Limits.MaxCancellationSize, CloseReason.Cancelled)
                    : (_current.Limits.MaxResponseSize, CloseReason.DrainLimit);
            }
        }
    }

    /// <summary>The exchange is over: nothing limits its drain any more.</summary>
    public void Unlimit() => _drain?.Unlimit();

    /// <summary>Another response is going to come.</summary>
    /// <param name="limits">What its request wants of a drain.</param>
    public void Begin_NeedsLock(DrainSettings limits) => _current = new Current { Limits = limits };

    /// <summary>What the request of the exchange wants of a drain.</summary>
    public DrainSettings Limits_NeedsLock => _current.Limits;

    /// <summary>From here on the response is read in order to keep the connection only.</summary>
    /// <param name="failure">What it is called if that fails.</param>
    public void BeginDrain_NeedsLock(CloseReason failure)
    {
        _connection.MoveTo_NeedsLock(Http1State.Draining);
        _current.DrainFailure = failure;
    }

    /// <summary>Takes the reading flow for one read of the body. <see langword="false"/>: this body is over.</summary>
    public bool TryBeginRead(long exchangeId)
    {
        lock (_connection.Gate)
        {
            if (!_connection.IsIn_NeedsLock(exchangeId, Http1State.Body))
            {
                return false;
            }

            if (_current.ReadInFlight)
            {
                throw new InvalidOperationException(ErrorTexts.ConcurrentBodyReads);
            }

            _current.ReadInFlight = true;
            return true;
        }
    }

    /// <summary>
    /// Gives the reading flow back; finishes the exchange at the body's end, or starts the drain that was asked for while the read ran.
    /// </summary>
    /// <param name="bodyEnded">Whether this read came to the body's end; asked of the reader before the flow is given back.</param>
    /// <returns>As <see cref="Http1Connection.Finish"/>.</returns>
    public Task EndRead(bool bodyEnded)
    {
        bool drain;
        lock (_connection.Gate)
        {
            // Story: the response is disposed between a read of the body's last bytes and the finish below. If the flow were free then, the
            // disposal would start a drain, which finishes the exchange too, and one of the two would finish the next one. So it stays
            // taken.
            _current.ReadInFlight = bodyEnded;
            drain = _connection.IsDraining_NeedsLock;
        }

        if (bodyEnded)
        {
            return _connection.Finish();
        }

        if (drain)
        {
            Drain.Start(pendingFill: null);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// The caller's read was cancelled: the fill it waited for, if it could not be withdrawn, goes on and belongs to the drain from now on.
    /// </summary>
    /// <returns>Complete: a caller who cancelled waits for nothing.</returns>
    public Task AbandonRead(Task<int>? pendingFill)
    {
        bool limit = false;
        bool drain;
        long exchangeId;
        DrainSettings limits;
        lock (_connection.Gate)
        {
            _current.ReadInFlight = false;
            exchangeId = _connection.ExchangeId_NeedsLock;
            limits = _current.Limits;
            if (_connection.IsClosed_NeedsLock)
            {
                Forget(pendingFill);
                return Task.CompletedTask;
            }

            // Story: the response is disposed while a read waits, then the read is cancelled. The drain of the disposal has its limits
            // already.
            drain = _connection.IsDraining_NeedsLock;
            if (!drain)
            {
                drain = limit = MayDrain(limits.MaxCancellationSize, limits.CancellationTimeout);
                if (drain)
                {
                    BeginDrain_NeedsLock(CloseReason.Cancelled);
                }
                else
                {
                    _connection.MarkClosed_NeedsLock(CloseReason.Cancelled);
                }
            }
        }

        if (limit)
        {
            Drain.Limit(exchangeId, limits.CancellationTimeout, CloseReason.Cancelled);
        }

        if (drain)
        {
            Drain.Start(pendingFill);
        }
        else
        {
            Forget(pendingFill);
            _connection.CompleteClose(CloseReason.Cancelled, attempt: null, error: null, asynchronously: true);
        }

        return Task.CompletedTask;
    }

    /// <summary>The response was disposed, or found by the garbage collector, with its body not read to the end.</summary>
    public void Abandon(long exchangeId)
    {
        bool drain, start;
        DrainSettings limits;
        lock (_connection.Gate)
        {
            if (!_connection.IsIn_NeedsLock(exchangeId, Http1State.Body))
            {
                return;
            }

            limits = _current.Limits;
            drain = MayDrain(limits.MaxResponseSize, limits.ResponseTimeout);
            start = drain && !_current.ReadInFlight;
            if (drain)
            {
                BeginDrain_NeedsLock(CloseReason.DrainLimit);
            }
            else
            {
                _connection.MarkClosed_NeedsLock(CloseReason.BodyNotDrained);
            }
        }

        if (!drain)
        {
            _connection.CompleteClose(CloseReason.BodyNotDrained, attempt: null, error: null, asynchronously: true);
            return;
        }

        Drain.Limit(exchangeId, limits.ResponseTimeout, CloseReason.DrainLimit);
        if (start)
        {
            Drain.Start(pendingFill: null);
        }
    }

    /// <summary>A timeout, or the content of the request, ended the reading of the body.</summary>
    public void Fail(long exchangeId, CloseReason reason, TransportException error)
    {
        lock (_connection.Gate)
        {
            if (!_connection.IsIn_NeedsLock(exchangeId, Http1State.Body))
            {
                return;
            }

            _current.Failure = error;
            _connection.MarkClosed_NeedsLock(reason);
        }

        _connection.CompleteClose(reason, attempt: null, error: null, asynchronously: true);
    }

    /// <summary>The drain, or the wait for the request's writer behind the body, took too long.</summary>
    public void Expired(long exchangeId, CloseReason reason)
    {
        lock (_connection.Gate)
        {
            if (!_connection.IsIn_NeedsLock(exchangeId, Http1State.Draining)
                && !_connection.IsIn_NeedsLock(exchangeId, Http1State.Finishing))
            {
                return;
            }

            _connection.MarkClosed_NeedsLock(reason);
        }

        _connection.CompleteClose(reason, attempt: null, error: null, asynchronously: true);
    }

    /// <summary>Why the body cannot be read on, if this connection ended it.</summary>
    public TransportException? FailureOf(long exchangeId)
    {
        lock (_connection.Gate)
        {
            return _connection.ExchangeId_NeedsLock == exchangeId ? _current.Failure : null;
        }
    }

    private static void Forget(Task<int>? pendingFill)
    {
        if (pendingFill is not null)
        {
            Abandoned.Forget(pendingFill);
        }
    }

    private bool MayDrain(int maxBytes, TimeSpan timeout) =>
        maxBytes > 0
        && timeout != TimeSpan.Zero
        && !_connection.Reader.BodyEndsWithStream
        && (_connection.Reader.BodyRemaining is not { } left || left <= maxBytes);

    /// <summary>What belongs to one response.</summary>
    private struct Current
    {
        public DrainSettings Limits;
        public bool ReadInFlight;
        public CloseReason DrainFailure;
        public TransportException? Failure;
    }
}
