using System.Diagnostics;
using System.Runtime.CompilerServices;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Timing;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The body of a response while it is on its way. Nothing below refers to it while no read is pending, so that one nobody disposes is found
/// by the garbage collector, reported, and its connection given back.
/// </summary>
internal sealed class Http1ResponseStream : ResponseBodyStream, ITotalDeadlineTarget
{
    private readonly Http1Connection _connection;
    private readonly long _exchangeId;
    private readonly Attempt _attempt;
    private readonly ConnectionServices _services;
    private readonly HttpResponseMessage _response;
    private IdleDeadline? _idle;
    private TotalDeadline? _total;
    private volatile bool _over;
    private volatile bool _disposed;

    public Http1ResponseStream(Http1Connection connection, long exchangeId, Attempt attempt, ConnectionServices services, HttpResponseMessage response)
    {
        _connection = connection;
        _exchangeId = exchangeId;
        _attempt = attempt;
        _services = services;
        _response = response;
    }

    ~Http1ResponseStream()
    {
        // On the finalizer thread, which must not do the pool's work.
        if (!_over && !Environment.HasShutdownStarted)
        {
            _connection.Owner.ResponseLeaked(_connection, _attempt.Stack);
            ThreadPool.UnsafeQueueUserWorkItem(static body => body._connection.AbandonBody(body._exchangeId), this, preferLocal: false);
        }
    }

    public override bool CanRead => !_disposed;

    /// <summary>The response was given up before anybody saw it.</summary>
    public void Detach() => Over();

    public override void Attach(TotalDeadline deadline)
    {
        _total = deadline;
        deadline.Watch(this);
        if (_over)
        {
            _services.Deadlines.Cancel(deadline);
        }
    }

    void ITotalDeadlineTarget.TotalTimeExpired(TimeSpan limit) =>
        _connection.FailBody(_exchangeId, CloseReason.RequestTimeout, TransportErrors.TotalTimeout(_connection, _attempt, limit, TransportPhase.ReadBody));

    protected override long? Remaining => _over ? 0 : _connection.Reader.BodyRemaining;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, bool ioErrors, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_over)
        {
            return 0;
        }

        if (!_connection.TryBeginBodyRead(_exchangeId))
        {
            throw Shown(Gone(), ioErrors);
        }

        Http1Reader reader = _connection.Reader;
        bool cancelled = false;
        Task<int>? abandonedFill = null;
        try
        {
            while (true)
            {
                if (TryTakeBuffered(buffer, out int taken))
                {
                    CompleteIfEnded();
                    return taken;
                }

                int direct = (int)Math.Min(reader.DirectReadLimit, buffer.Length);
                if (cancellationToken.CanBeCanceled && !_connection.CanWithdrawReads)
                {
                    // The fill belongs to the connection: a caller who cancels leaves it to the drain.
                    direct = 0;
                    abandonedFill = reader.FillAsync(Math.Min(buffer.Length, CopyBufferBytes)).AsTask();
                }

                ValueTask<int> reading =
                    abandonedFill is not null ? new ValueTask<int>(abandonedFill.WaitAsync(cancellationToken))
                    : direct >= Http1Limits.DirectReadBytes ? reader.ReadDirectAsync(buffer[..direct], cancellationToken)
                    : reader.BeginFill(Math.Min(buffer.Length, CopyBufferBytes), cancellationToken);
                int read;
                bool timed = !reading.IsCompleted && StartIdleWait();
                try
                {
                    read = await reading.ConfigureAwait(false);
                }
                finally
                {
                    if (timed)
                    {
                        _services.Deadlines.Cancel(_idle!);
                    }
                }

                if (read == 0)
                {
                    EndOfStream();
                }
                else if (abandonedFill is null && direct >= Http1Limits.DirectReadBytes)
                {
                    reader.DirectReadDone(read);
                    CompleteIfEnded();
                    return read;
                }
                else if (abandonedFill is null)
                {
                    reader.EndFill(read);
                }

                abandonedFill = null;
                if (buffer.IsEmpty && read > 0)
                {
                    return 0;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            cancelled = true;
            Over(ended: false);
            throw new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, cancellationToken);
        }
        catch (Exception e)
        {
            throw Shown(Failed(e), ioErrors);
        }
        finally
        {
            if (cancelled)
            {
                _connection.AbandonBodyRead(abandonedFill);
            }
            else
            {
                // The connection is free before the caller sees the end.
                Task finished = _connection.EndBodyRead(reader.BodyEnded);
                if (!finished.IsCompleted)
                {
                    await finished.ConfigureAwait(false);
                }
            }
        }
    }

    private static Exception Shown(Exception error, bool ioErrors) =>
        ioErrors && error is TransportException e ? new HttpIOException(e.HttpRequestError, e.Message, e) : error;

    private bool TryTakeBuffered(Memory<byte> buffer, out int taken)
    {
        Http1Reader reader = _connection.Reader;
        if (buffer.IsEmpty && reader.Buffered > 0)
        {
            taken = 0;
            return true;
        }

        ReadOnlyMemory<byte> data = reader.NextBody(buffer.Length);
        data.CopyTo(buffer);
        taken = data.Length;
        return taken > 0 || reader.BodyEnded;
    }

    /// <summary>The server has sent nothing for now. Returns whether there is a limit to that.</summary>
    private bool StartIdleWait()
    {
        TimeSpan limit = _attempt.Settings.ResponseBodyIdleTimeout;
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return false;
        }

        _idle ??= new IdleDeadline(this);
        _services.Deadlines.Schedule(_idle, limit);
        return true;
    }

    private void EndOfStream()
    {
        if (!_connection.Reader.TryEndWithStream())
        {
            throw new EndOfStreamException();
        }
    }

    private TransportException Failed(Exception e)
    {
        (CloseReason reason, TransportException error) = e switch
        {
            EndOfStreamException => (CloseReason.ServerClosed, TransportErrors.ServerClosed(_connection, _attempt, TransportPhase.ReadBody)),
            WireFormatException bad => (CloseReason.ProtocolError, TransportErrors.InvalidResponse(_connection, _attempt, bad.Message, bad.Setting, bad, TransportPhase.ReadBody)),
            _ => (CloseReason.ReadError, TransportErrors.ReadFailed(_connection, _attempt, e, TransportPhase.ReadBody)),
        };

        // A timeout that closed the connection is the cause of the failed read.
        error = _connection.BodyFailure(_exchangeId) ?? (_connection.State == Http1State.Closed ? TransportErrors.BodyGone(_connection, _attempt, _connection.ClosedFor) : error);
        _connection.Close(reason);
        Over(ended: false);
        return error;
    }

    private Exception Gone()
    {
        if (_disposed)
        {
            return new ObjectDisposedException(GetType().FullName);
        }

        Over(ended: false);
        return _connection.BodyFailure(_exchangeId) ?? TransportErrors.BodyGone(_connection, _attempt, _connection.ClosedFor);
    }

    private void CompleteIfEnded()
    {
        if (!_connection.Reader.BodyEnded)
        {
            return;
        }

        if (_connection.Reader.TrailerBlock is { } trailers)
        {
            Http1ResponseHead.AddTrailers(trailers, _response, _services.Settings.ResponseHeaderEncodingSelector);
        }

        Over();
    }

    private void Over(bool ended = true)
    {
        _over = ended || _over;
        if (_total is { } total)
        {
            _services.Deadlines.Cancel(total);
        }

        GC.SuppressFinalize(this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            if (!_over)
            {
                Over(ended: false);
                _connection.AbandonBody(_exchangeId);
            }
        }

        base.Dispose(disposing);
    }

    /// <summary>The server sent nothing for too long.</summary>
    private sealed class IdleDeadline(Http1ResponseStream body) : Deadline
    {
        protected override void OnExpired() =>
            body._connection.FailBody(body._exchangeId, CloseReason.RequestTimeout, TransportErrors.ResponseBodyIdleTimeout(body._connection, body._attempt));
    }
}
