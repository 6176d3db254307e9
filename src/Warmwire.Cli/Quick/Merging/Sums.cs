namespace Warmwire.Cli.Quick.Merging;

/// <summary>Dictionaries of counts, added up by key.</summary>
internal static class Sums
{
    public static Dictionary<TKey, long> Of<TKey>(IEnumerable<IReadOnlyDictionary<TKey, long>> counts)
        where TKey : notnull
    {
        var sums = new SortedDictionary<TKey, long>(
            typeof(TKey) == typeof(string) ? (IComparer<TKey>)StringComparer.Ordinal : Comparer<TKey>.Default);
        foreach ((TKey key, long count) in counts.SelectMany(static one => one))
        {
            sums[key] = checked((sums.TryGetValue(key, out long sum) ? sum : 0) + count);
        }

        // In ascending order, so that the file does not depend on the order of what was added.
        return sums.ToDictionary();
    }
}
