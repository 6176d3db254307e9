using Warmwire.Buffers;
using Warmwire.Runtime;
using Warmwire.Sockets;

namespace Warmwire.Http2;

/// <summary>
/// What a connection sends: frames are appended under the connection's gate, and what has gathered leaves in one send. While one is under way the next gathers.
/// </summary>
internal sealed class Http2Output : IThreadPoolWorkItem
{
    private readonly Http2Connection _connection;
    private readonly Stream _stream;
    private readonly Lock _gate;

    // Guarded by the connection's gate.
    private readonly List<Http2Stream> _waitForRoom = [];
    private OutputBuffer _gathering = new();
    private bool _due;
    private bool _stopped;

    // The sending flow's own.
    private OutputBuffer _leaving = new();
    private volatile bool _sending;

    public Http2Output(Http2Connection connection, Stream stream, Lock gate)
    {
        _connection = connection;
        _stream = stream;
        _gate = gate;
    }

    /// <summary>Where frames are appended; guarded by the connection's gate.</summary>
    public OutputBuffer Frames => _gathering;

    /// <summary>How many bytes were handed to the stream before what gathers now.</summary>
    public long HandedOver { get; private set; }

    /// <summary>The place in all that is sent at which the next frame will be.</summary>
    public long Position => HandedOver + _gathering.Count;

    /// <summary>What has not been taken by the stream yet.</summary>
    public int Pending => _gathering.Count + (_sending ? _leaving.Count : 0);

    /// <summary>Acknowledgements among what gathers.</summary>
    public int Acknowledgements { get; set; }

    /// <summary>Whether frames wait that nobody is going to send: whoever is told so calls <see cref="Flush"/> after leaving the gate.</summary>
    public bool TakeDuty_NeedsLock()
    {
        if (_due || _sending || _stopped || _gathering.Count == 0)
        {
            return false;
        }

        _due = true;
        return true;
    }

    /// <summary>The writer of a body waits until there is room.</summary>
    public void WaitForRoom_NeedsLock(Http2Stream stream) => _waitForRoom.Add(stream);

    /// <summary>Sends what has gathered, soon: behind what this thread is doing if that may bring more.</summary>
    /// <param name="alone">Whether there is hardly anything that others could add.</param>
    public void Flush(bool alone)
    {
        if (!EventLoop.TryDefer(this))
        {
            if (alone)
            {
                Send();
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }
    }

    /// <summary>Nothing is sent any more.</summary>
    public void Stop_NeedsLock()
    {
        _stopped = true;
        WakeWriters_NeedsLock();
        if (!_sending)
        {
            _gathering.Release();
        }
    }

    /// <summary>The farewell of a connection that is closed, without what gathered before: sent if that costs no wait, to a peer that has heard of us.</summary>
    public void SendLast(Http2ErrorCode code)
    {
        lock (_gate)
        {
            if (_sending || _stopped || HandedOver == 0)
            {
                return;
            }

            FrameWriter.GoAway(_gathering, code);
            _sending = true;
            (_gathering, _leaving) = (_leaving, _gathering);
        }

        try
        {
            Abandoned.Forget(_stream.WriteAsync(_leaving.Written).AsTask());
        }
        catch (Exception)
        {
            // The peer is gone; it needs no word.
        }
    }

    /// <summary>The connection is at rest: it holds no buffers. A send that is under way sees to that at its end.</summary>
    public void Rest_NeedsLock()
    {
        if (_sending)
        {
            return;
        }

        _leaving.Release();
        if (_gathering.Count == 0)
        {
            _gathering.Release();
        }
    }

    void IThreadPoolWorkItem.Execute() => Send();

    private void Send()
    {
        while (true)
        {
            lock (_gate)
            {
                _due = false;
                if (_sending || _stopped || _gathering.Count == 0)
                {
                    return;
                }

                _sending = true;
                HandedOver += _gathering.Count;
                Acknowledgements = 0;
                (_gathering, _leaving) = (_leaving, _gathering);
            }

            ValueTask sending;
            try
            {
                sending = _stream.WriteAsync(_leaving.Written);
                if (!sending.IsCompleted)
                {
                    _ = FinishAsync(sending);
                    return;
                }

                sending.GetAwaiter().GetResult();
            }
            catch (Exception e)
            {
                _connection.WriteFailed(e);
                return;
            }

            if (!Sent())
            {
                return;
            }
        }
    }

    private async Task FinishAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _connection.WriteFailed(e);
            return;
        }

        if (Sent())
        {
            Send();
        }
    }

    /// <summary>Returns whether more has gathered.</summary>
    private bool Sent()
    {
        lock (_gate)
        {
            _sending = false;
            if (_connection.IsQuiet_NeedsLock)
            {
                Rest_NeedsLock();
            }
            else
            {
                _leaving.Clear();
            }

            if (_gathering.Count < Http2Limits.PendingOutputBytes)
            {
                WakeWriters_NeedsLock();
            }

            return _gathering.Count > 0 && !_stopped && !_due;
        }
    }

    private void WakeWriters_NeedsLock()
    {
        foreach (Http2Stream stream in _waitForRoom)
        {
            stream.WriteSignal.Set_NeedsLock();
        }

        _waitForRoom.Clear();
    }
}
