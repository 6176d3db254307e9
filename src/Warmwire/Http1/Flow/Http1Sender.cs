namespace Warmwire.Http1.Flow;

/// <summary>
/// Hands the bytes of requests to the stream, one write at a time: remembers why that failed, and shows whether it goes on.
/// </summary>
internal sealed class Http1Sender(Stream stream, Http1RequestProgress progress)
{
    private int _writes;

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
            bytes = bytes[count..];
        }
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
