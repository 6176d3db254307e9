using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks.Sources;
using Warmwire.Sockets;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// A socket that behaves as one of an event loop: it tells of input, and a read waits for word of it. The test is the peer, the system and
/// the loop, so it says what comes, when the word of it comes, and on which thread. Allocates nothing itself.
/// </summary>
internal sealed class ScriptedSocket : SocketStream, IValueTaskSource<int>
{
    private readonly Lock _gate = new();
    private readonly byte[] _incoming = new byte[64 * 1024];
    private readonly byte[] _written = new byte[64 * 1024];
    private ManualResetValueTaskSourceCore<int> _source;
    private Memory<byte> _memory;
    private int _start;
    private int _end;
    private int _writtenCount;
    private bool _armed;
    private bool _noted;
    private bool _ended;
    private bool _reset;
    private volatile bool _disposed;

    /// <summary>Runs within each write, after it.</summary>
    public Action<ScriptedSocket>? OnWrite { get; set; }

    /// <summary>Runs once within the next question for input, before that is answered; the answer is then yes.</summary>
    public Action? WithinNextQuestion { get; set; }

    public bool IsReading => Volatile.Read(ref _armed);

    public bool IsClosed => _disposed;

    /// <summary>What the client wrote since this was last asked.</summary>
    public string TakeWritten()
    {
        lock (_gate)
        {
            string text = Encoding.Latin1.GetString(_written, 0, _writtenCount);
            _writtenCount = 0;
            return text;
        }
    }

    public void ForgetWritten() => _writtenCount = 0;

    public override EndPoint? RemoteEndPoint => null;

    public override bool NotifiesInput => true;

    protected override bool IsDisposed => _disposed;

    public override bool HasInput
    {
        get
        {
            if (WithinNextQuestion is { } within)
            {
                WithinNextQuestion = null;
                within();
                return true;
            }

            lock (_gate)
            {
                bool has = _disposed || _end > _start || _ended || _reset;
                _noted |= has;
                return has;
            }
        }
    }

    public override bool MayHaveInput => Volatile.Read(ref _noted) || Volatile.Read(ref _armed) || _disposed;

    // ---- The peer ---------------------------------------------------------------------------------------------------

    /// <summary>Bytes come, and the word of them unless <paramref name="tell"/> says otherwise.</summary>
    public void Send(ReadOnlySpan<byte> bytes, bool tell = true)
    {
        lock (_gate)
        {
            if (_start == _end)
            {
                _start = _end = 0;
            }

            bytes.CopyTo(_incoming.AsSpan(_end));
            _end += bytes.Length;
        }

        if (tell)
        {
            Tell();
        }
    }

    public void Send(string text, bool tell = true) => Send(Encoding.Latin1.GetBytes(text), tell);

    public void End(bool tell = true)
    {
        lock (_gate)
        {
            _ended = true;
        }

        if (tell)
        {
            Tell();
        }
    }

    public void Reset()
    {
        lock (_gate)
        {
            _reset = true;
        }

        Tell();
    }

    /// <summary>The word of the system that something came, or came some time ago.</summary>
    public void Tell()
    {
        bool complete = false;
        int result = 0;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            if (!_armed)
            {
                _noted = true;
            }
            else if (TryTake(_memory.Span, out result))
            {
                _armed = false;
                _memory = default;
                complete = true;
            }
            else
            {
                return;
            }
        }

        if (complete)
        {
            Complete(result);
        }
        else
        {
            InputWatcher?.InputArrived();
        }
    }

    // ---- The client -------------------------------------------------------------------------------------------------

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.CanBeCanceled)
        {
            return ReadCancellableAsync(buffer, cancellationToken);
        }

        if (IsAsked)
        {
            return ReadAtOnce(buffer);
        }

        lock (_gate)
        {
            if (_disposed)
            {
                return ValueTask.FromException<int>(new ObjectDisposedException(nameof(ScriptedSocket)));
            }

            if (_armed)
            {
                return ValueTask.FromException<int>(new InvalidOperationException("two reads at once"));
            }

            // As the loop's: without word of anything there is no try.
            if (_noted)
            {
                _noted = false;
                if (TryTake(buffer.Span, out int result))
                {
                    return result >= 0 ? new ValueTask<int>(result) : ValueTask.FromException<int>(Broken());
                }
            }

            _source.Reset();
            _memory = buffer;
            _armed = true;
            return new ValueTask<int>(this, _source.Version);
        }
    }

    protected override ValueTask<int> Take(Memory<byte> buffer)
    {
        lock (_gate)
        {
            return !TryTake(buffer.Span, out int result) ? Refuse()
                : result >= 0 ? new ValueTask<int>(result)
                : ValueTask.FromException<int>(Broken());
        }
    }

    private async ValueTask<int> ReadCancellableAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ValueTask<int> read = ReadAsync(buffer, CancellationToken.None);
        using (cancellationToken.UnsafeRegister(
            static (state, token) => ((ScriptedSocket)state!).Withdraw(new OperationCanceledException(token)), this))
        {
            return await read.ConfigureAwait(false);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return ValueTask.FromException(new ObjectDisposedException(nameof(ScriptedSocket)));
            }

            if (buffer.Length > _written.Length - _writtenCount)
            {
                // Nobody asks.
                _writtenCount = 0;
            }

            buffer.Span.CopyTo(_written.AsSpan(_writtenCount));
            _writtenCount += buffer.Length;
        }

        OnWrite?.Invoke(this);
        return default;
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        Withdraw(Broken());
        base.Dispose(disposing);
    }

    private void Withdraw(Exception reason)
    {
        lock (_gate)
        {
            if (!_armed)
            {
                return;
            }

            _armed = false;
            _memory = default;
        }

        _source.RunContinuationsAsynchronously = true;
        _source.SetException(reason);
    }

    private void Complete(int result)
    {
        _source.RunContinuationsAsynchronously = false;
        if (result >= 0)
        {
            _source.SetResult(result);
        }
        else
        {
            _source.SetException(Broken());
        }
    }

    private bool TryTake(Span<byte> buffer, out int result)
    {
        int there = _end - _start;
        result = Math.Min(there, buffer.Length);
        if (there == 0 && _reset)
        {
            result = -1;
        }
        else if (there == 0 && !_ended)
        {
            return false;
        }
        else
        {
            _incoming.AsSpan(_start, result).CopyTo(buffer);
            _start += result;
        }

        // Shorter than the buffer: empty now. The end and failures come only once, so they are remembered.
        _noted = _ended || _reset || result == buffer.Length;
        return true;
    }

    private static IOException Broken() => new("broken", new SocketException((int)SocketError.ConnectionReset));

    int IValueTaskSource<int>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
