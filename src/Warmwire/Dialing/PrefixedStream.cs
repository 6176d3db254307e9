namespace Warmwire.Dialing;

/// <summary>A stream with bytes before it that were read already.</summary>
/// <param name="prefix">The bytes; they are copied.</param>
/// <param name="inner">What follows them. Disposed with this.</param>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream inner) : WrappingStream(inner)
{
    private ReadOnlyMemory<byte> _prefix = prefix.ToArray();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _prefix.IsEmpty ? Inner.ReadAsync(buffer, cancellationToken) : ValueTask.FromResult(TakePrefix(buffer.Span));

    public override int Read(Span<byte> buffer) => _prefix.IsEmpty ? Inner.Read(buffer) : TakePrefix(buffer);

    private int TakePrefix(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _prefix.Length);
        _prefix.Span[..count].CopyTo(buffer);
        _prefix = _prefix[count..];
        return count;
    }
}
