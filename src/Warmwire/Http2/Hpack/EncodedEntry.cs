namespace Warmwire.Http2.Hpack;

/// <summary>What the encoder keeps with an entry of its table.</summary>
internal struct EncodedEntry
{
    public uint NameHash;
    public uint FieldHash;

    /// <summary>The number of the next entry in the chain of fields. It may be gone.</summary>
    public long OlderByField;

    /// <summary>The same in the chain of names.</summary>
    public long OlderByName;
}
