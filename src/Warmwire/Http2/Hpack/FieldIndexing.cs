namespace Warmwire.Http2.Hpack;

/// <summary>What the encoder may do with a field.</summary>
internal enum FieldIndexing : byte
{
    /// <summary>Refer to it if a table has it, and add it to the table if it is likely to come again.</summary>
    Index,

    /// <summary>Spell the value out and leave the table alone: for what differs on each request.</summary>
    DoNotIndex,

    /// <summary>Spell the value out, and forbid every hop on the way to index it: for secrets (RFC 7541 §7.1.3).</summary>
    NeverIndex,
}
