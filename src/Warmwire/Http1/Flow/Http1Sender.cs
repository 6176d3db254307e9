namespace Warmwire.Http1.Flow;

/// <summary>
/// Hands the bytes of requests to the stream, one write at a time: remembers why that failed, and shows whether it goes on.
/// </summary>
internal sealed class Http1Sender(Stream stream, Http1RequestProgress progress)
{
    private int _writes;
    private int _takenInARow;

    public Http1RequestProgress Progress { get; } = progress;

    /// <summary>How often a write to the stream has begun or ended.</summary>
    public int Writes => Volatile.Read(ref _writes);

    /// <summary>Whether a write was under way when <see cref="Writes"/> was <paramref name="writes"/>.</summary>
    public static bool IsWriting(int writes) => (writes & 1) != 0;

    /// <summary>Hands a large piece over in parts, so that it is seen whether the server takes it.</summary>
    public async ValueTask SendInPartsAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, Http1Limits.WriteBytes);
            await SendAsync(bytes[..count]).ConfigureAwait(false);
            await LetOthersRunAsync(count).ConfigureAwait(false);
            bytes = bytes[count..];
        }
    }

    /// <summary>A piece of a body was sent: after many that the stream took at once, all that waits for a thread comes first.</summary>
    /// <remarks>
    /// Story: a server answers early and reads on, as fast as the body is written. No write ever waits, so the writer keeps its thread, the
    /// exchange does not come to its reading, and the answer is found when the body is at its end, which may be never.
    /// </remarks>
    public ValueTask LetOthersRunAsync(int sent)
    {
        _takenInARow += sent;
        if (_takenInARow < Http1Limits.BytesTakenInARow)
        {
            return default;
        }

        _takenInARow = 0;
        var turn = new TaskCompletionSource();
        ThreadPool.UnsafeQueueUserWorkItem(static turn => turn.SetResult(), turn, preferLocal: false);
        return new ValueTask(turn.Task);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        ValueTask sending;
        _writes++;
        try
        {
            sending = stream.WriteAsync(bytes);
        }
        catch (Exception e)
        {
            _writes++;
            Progress.WriteError = e;
            return ValueTask.FromException(e);
        }

        if (!sending.IsCompletedSuccessfully)
        {
            _takenInARow = 0;
            return FinishSendAsync(sending);
        }

        _writes++;
        sending.GetAwaiter().GetResult();
        return default;
    }

    private async ValueTask FinishSendAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Progress.WriteError = e;
            throw;
        }
        finally
        {
            _writes++;
        }
    }
}
