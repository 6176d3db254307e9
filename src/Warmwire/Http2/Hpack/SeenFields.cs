namespace Warmwire.Http2.Hpack;

/// <summary>
/// Remembers fields for a while by their hashes, to tell those that come again from those that are new each time, such as the id of a
/// request: one of those in the table only drives out what would have been of use.
/// </summary>
internal sealed class SeenFields
{
    private const int Slots = 64;

    private readonly uint[] _hashes = new uint[Slots];

    /// <summary>Whether the field was here lately; it has been from now on. Being wrong costs an entry of the table.</summary>
    public bool SeenBefore(uint hash)
    {
        ref uint slot = ref _hashes[hash % Slots];
        if (slot == hash)
        {
            return true;
        }

        slot = hash;
        return false;
    }
}
