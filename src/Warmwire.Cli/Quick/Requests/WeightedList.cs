namespace Warmwire.Cli.Quick.Requests;

/// <summary>
/// Items with weights, picked by a number: of any run of successive numbers each item gets its share as evenly as can be, without a random
/// number, so that shards of a load pick what the whole would.
/// </summary>
internal sealed class WeightedList<T>
{
    /// <summary>The fractional part of the golden ratio, whose multiples fill the unit interval the most evenly.</summary>
    private const double Step = 0.618033988749894848;

    private readonly T[] _items;
    private readonly double[] _ends;

    /// <param name="items">At least one, with weights above 0.</param>
    public WeightedList(IReadOnlyList<(T Item, double Weight)> items)
    {
        _items = [.. items.Select(static item => item.Item)];
        _ends = new double[items.Count];
        double total = items.Sum(static item => item.Weight);
        double sum = 0;
        for (int i = 0; i < items.Count; i++)
        {
            sum += items[i].Weight;
            _ends[i] = sum / total;
        }
    }

    public IReadOnlyList<T> Items => _items;

    public T Pick(long number)
    {
        double position = number * Step % 1;
        int index = Array.BinarySearch(_ends, position);
        index = index < 0 ? ~index : index + 1;
        return _items[Math.Min(index, _items.Length - 1)];
    }
}
