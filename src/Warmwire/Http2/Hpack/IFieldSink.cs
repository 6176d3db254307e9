namespace Warmwire.Http2.Hpack;

/// <summary>
/// Takes the fields of a block one by one. It should not throw over a field it does not like but only stop keeping them: the rest of the
/// block has to be decoded all the same, or the table falls out of step with the peer's.
/// </summary>
internal interface IFieldSink
{
    /// <param name="wellKnownIndex">
    /// A hint that saves looking the name up: where the name stands in <see cref="StaticTable"/>, the first place if there are several.
    /// It is 0 if the peer spelled the name out, whether or not it is in that table.
    /// </param>
    /// <param name="name">Valid during the call.</param>
    /// <param name="value">Valid during the call.</param>
    /// <param name="tag">
    /// A place for what was made of the field. It stays with the table's entry and comes again with each field that is this entry,
    /// until the entry goes. For a field that is not in a table it is a place of its own.
    /// </param>
    void Field(int wellKnownIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag);
}
