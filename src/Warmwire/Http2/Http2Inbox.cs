using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Warmwire.Diagnostics;
using Warmwire.Http2.Wire;
using Warmwire.Sockets;

namespace Warmwire.Http2;

/// <summary>
/// The body of one response between the connection's reading flow, which fills it, and the caller, who reads. Bytes that come while the
/// caller waits go straight into the caller's memory, others wait in <see cref="PendingBytes"/>; the stream's window bounds them.
/// </summary>
internal sealed class Http2Inbox : IValueTaskSource<int>, IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<int> _promise;

    // Guarded by _gate.
    private PendingBytes _pending;
    private bool _ended;
    private Exception? _failure;
    private Reader _reader;
    private Memory<byte> _wanted;
    private int _filled;

    private enum Reader : byte
    {
        None,

        /// <summary>The read waits: no bytes have come for it yet.</summary>
        Waiting,

        /// <summary>The read has its outcome, and its caller is about to be told. Until then more bytes may come for it.</summary>
        Served,
    }

    // ---- The reading flow of the connection -------------------------------------------------------------------------

    public void Append(ReadOnlySpan<byte> data)
    {
        bool serve;
        lock (_gate)
        {
            if (_failure is not null || data.IsEmpty)
            {
                return;
            }

            serve = _reader == Reader.Waiting;
            if (_reader != Reader.None)
            {
                int direct = Math.Min(data.Length, _wanted.Length - _filled);
                data[..direct].CopyTo(_wanted.Span[_filled..]);
                _filled += direct;
                data = data[direct..];
                _reader = Reader.Served;
            }

            if (!data.IsEmpty)
            {
                _pending.Add(data);
            }
        }

        if (serve)
        {
            DeferredWork.Run(this);
        }
    }

    /// <summary>No more comes.</summary>
    /// <returns>Whether the caller waits: <see cref="Serve"/> tells it.</returns>
    public bool End() => Finish(failure: null, dropUnread: false);

    /// <summary>No more comes, and why.</summary>
    /// <param name="failure">For the caller.</param>
    /// <param name="dropUnread">Whether the caller is not to have what is here.</param>
    public void Fail(Exception failure, bool dropUnread)
    {
        if (Finish(failure, dropUnread))
        {
            DeferredWork.Run(this);
        }
    }

    private bool Finish(Exception? failure, bool dropUnread)
    {
        bool serve;
        lock (_gate)
        {
            if (_failure is not null || (_ended && !dropUnread))
            {
                return false;
            }

            _ended = true;
            _failure = failure;
            if (dropUnread)
            {
                _pending.Clear();
            }

            serve = _reader == Reader.Waiting;
            if (serve)
            {
                _reader = Reader.Served;
            }
        }

        return serve;
    }

    // ---- The caller -------------------------------------------------------------------------------------------------

    /// <summary>Takes the body if it is here as a whole. Only before the first read.</summary>
    public bool TryTakeWhole(int maxBytes, out byte[] whole)
    {
        lock (_gate)
        {
            if (!_ended || _failure is not null || _pending.Count > maxBytes)
            {
                whole = [];
                return false;
            }

            whole = _pending.Count == 0 ? [] : GC.AllocateUninitializedArray<byte>(_pending.Count);
            _pending.Take(whole);
            return true;
        }
    }

    /// <summary>Whether the end is here and nothing is left to read before it.</summary>
    public bool IsAtEnd
    {
        get
        {
            lock (_gate)
            {
                return _ended && _failure is null && _pending.Count == 0;
            }
        }
    }

    /// <summary>Whether memory is held for bytes that wait.</summary>
    public bool HoldsBuffers
    {
        get
        {
            lock (_gate)
            {
                return _pending.HoldsBuffers;
            }
        }
    }

    /// <summary>The next bytes, 0 at the end. Into an empty buffer it waits until there is something to say.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        lock (_gate)
        {
            if (_reader != Reader.None)
            {
                throw new InvalidOperationException(ErrorTexts.ConcurrentBodyReads);
            }

            if (_pending.Count > 0)
            {
                return new ValueTask<int>(_pending.Take(buffer.Span));
            }

            if (_ended)
            {
                return _failure is null ? new ValueTask<int>(0) : ValueTask.FromException<int>(_failure);
            }

            _promise.Reset();
            _wanted = buffer;
            _filled = 0;
            _reader = Reader.Waiting;
            return new ValueTask<int>(this, _promise.Version);
        }
    }

    /// <summary>Ends the wait of the caller when its token says so.</summary>
    public CancellationTokenRegistration WithdrawOn(CancellationToken token) =>
        !token.CanBeCanceled
            ? default
            : token.UnsafeRegister(
                static (state, token) =>
                    ((Http2Inbox)state!).Withdraw(new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, token)),
                this);

    /// <summary>The caller waits no longer. What has come for it already is lost to it, as the rest of the body.</summary>
    public void Withdraw(Exception reason)
    {
        lock (_gate)
        {
            if (_reader != Reader.Waiting)
            {
                return;
            }

            _reader = Reader.None;
            _wanted = default;
        }

        _promise.RunContinuationsAsynchronously = true;
        _promise.SetException(reason);
    }

    void IThreadPoolWorkItem.Execute() => Serve();

    /// <summary>Tells the caller, whose code runs in this.</summary>
    public void Serve()
    {
        int filled;
        Exception? failure;
        lock (_gate)
        {
            Debug.Assert(_reader == Reader.Served, "it has its outcome");
            _reader = Reader.None;
            _wanted = default;
            filled = _filled;

            // A failure comes behind the bytes, also those that a read into an empty buffer has only waited for.
            failure = filled == 0 && _pending.Count == 0 ? _failure : null;
        }

        _promise.RunContinuationsAsynchronously = false;
        if (failure is null)
        {
            _promise.SetResult(filled);
        }
        else
        {
            _promise.SetException(failure);
        }
    }

    /// <summary>Makes the inbox ready for another response. Only when it is neither read nor filled.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Debug.Assert(_reader == Reader.None, "nobody waits");
            _pending.Clear();
            _ended = false;
            _failure = null;
        }
    }

    int IValueTaskSource<int>.GetResult(short token) => _promise.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _promise.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _promise.OnCompleted(continuation, state, token, flags);
}
