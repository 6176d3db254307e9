namespace Warmwire.Http2.Hpack;

/// <summary>What the decoder keeps with an entry of its table.</summary>
internal struct DecodedEntry
{
    /// <summary>What the receiver made of it.</summary>
    public object? Tag;

    /// <summary>Where the name stands in <see cref="StaticTable"/>, or 0.</summary>
    public byte WellKnownIndex;
}
