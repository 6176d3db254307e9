using System.Diagnostics;
using System.Runtime.CompilerServices;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The body of a response while it is on its way. Nothing below refers to it while no read is pending, so that one nobody disposes is found
/// by the garbage collector, reported, and its connection given back.
/// </summary>
internal sealed class Http1ResponseStream : TimedResponseStream
{
    private readonly Http1Connection _connection;
    private readonly long _exchangeId;
    private readonly HttpResponseMessage _response;

    public Http1ResponseStream(Http1Connection connection, long exchangeId, Attempt attempt, HttpResponseMessage response)
        : base(connection, attempt)
    {
        _connection = connection;
        _exchangeId = exchangeId;
        _response = response;
    }

    protected override long? Remaining => IsOver ? 0 : _connection.Reader.BodyRemaining;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, bool ioErrors, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (IsOver)
        {
            return 0;
        }

        if (!_connection.Body.TryBeginRead(_exchangeId))
        {
            throw Shown(Gone(), ioErrors);
        }

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

                ValueTask<int> reading = BeginRead(buffer, cancellationToken, out bool direct, out abandonedFill);
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
                        EndIdleWait();
                    }
                }

                if (Take(read, direct, isFilled: abandonedFill is not null))
                {
                    return read;
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
            // The connection is free before the caller sees the end.
            Task finished = cancelled ? _connection.Body.AbandonRead(abandonedFill) : _connection.Body.EndRead(_connection.Reader.BodyEnded);
            if (!finished.IsCompleted)
            {
                await finished.ConfigureAwait(false);
            }
        }
    }

    /// <summary>Starts a read of more: straight into the caller's memory if that is worth it, else into the connection's buffer.</summary>
    /// <param name="buffer">The caller's memory.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <param name="direct">Whether it goes into the caller's memory.</param>
    /// <param name="fill">The read itself, where a caller who cancels leaves it to the drain: it belongs to the connection.</param>
    private ValueTask<int> BeginRead(Memory<byte> buffer, CancellationToken cancellationToken, out bool direct, out Task<int>? fill)
    {
        Http1Reader reader = _connection.Reader;
        int wanted = Math.Min(buffer.Length, CopyBufferBytes);
        direct = false;
        fill = null;
        if (cancellationToken.CanBeCanceled && !_connection.CanWithdrawReads)
        {
            fill = reader.FillAsync(wanted).AsTask();
            return new ValueTask<int>(fill.WaitAsync(cancellationToken));
        }

        int limit = (int)Math.Min(reader.DirectReadLimit, buffer.Length);
        direct = limit >= Http1Limits.DirectReadBytes;
        return direct ? reader.ReadDirectAsync(buffer[..limit], cancellationToken) : reader.BeginFill(wanted, cancellationToken);
    }

    /// <summary>Takes note of what a read has delivered. Returns whether the caller has it.</summary>
    private bool Take(int read, bool direct, bool isFilled)
    {
        if (read == 0)
        {
            EndOfStream();
            return false;
        }

        if (direct)
        {
            _connection.Reader.DirectReadDone(read);
            CompleteIfEnded();
        }
        else if (!isFilled)
        {
            _connection.Reader.EndFill(read);
        }

        return direct;
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

        // One piece is at most one chunk, and chunks may be tiny: the caller's memory is filled with as many as are here.
        taken = 0;
        int piece;
        do
        {
            ReadOnlyMemory<byte> data = reader.NextBody(buffer.Length - taken);
            data.CopyTo(buffer[taken..]);
            piece = data.Length;
            taken += piece;
        }
        while (piece > 0 && taken < buffer.Length && !reader.BodyEnded);
        return taken > 0 || reader.BodyEnded;
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
            EndOfStreamException => (CloseReason.ServerClosed, TransportErrors.ServerClosed(_connection, Attempt, TransportPhase.ReadBody)),
            WireFormatException bad => (
                CloseReason.ProtocolError,
                TransportErrors.InvalidResponse(_connection, Attempt, bad.Message, bad.Setting, bad, TransportPhase.ReadBody)),
            _ => (CloseReason.ReadError, TransportErrors.ReadFailed(_connection, Attempt, e, TransportPhase.ReadBody)),
        };

        // A timeout that closed the connection is the cause of the failed read.
        error = _connection.Body.FailureOf(_exchangeId)
            ?? (_connection.State == Http1State.Closed ? TransportErrors.BodyGone(_connection, Attempt, _connection.ClosedFor) : error);
        _connection.Close(reason);
        Over(ended: false);
        return error;
    }

    private Exception Gone()
    {
        if (IsDisposed)
        {
            return new ObjectDisposedException(GetType().FullName);
        }

        Over(ended: false);
        return _connection.Body.FailureOf(_exchangeId) ?? TransportErrors.BodyGone(_connection, Attempt, _connection.ClosedFor);
    }

    private void CompleteIfEnded()
    {
        if (!_connection.Reader.BodyEnded)
        {
            return;
        }

        if (_connection.Reader.TrailerBlock is { } trailers)
        {
            Http1ResponseHead.AddTrailers(trailers, _response, _connection.Services.Settings.ResponseHeaderEncodingSelector);
        }

        Over();
    }

    protected override void FailBody(TransportException error) => _connection.Body.Fail(_exchangeId, CloseReason.RequestTimeout, error);

    protected override void Disposed(bool early)
    {
        if (early)
        {
            _connection.Body.Abandon(_exchangeId);
        }
    }

    protected override void LetGo() => _connection.Body.Abandon(_exchangeId);
}
