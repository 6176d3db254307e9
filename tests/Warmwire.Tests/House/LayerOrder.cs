namespace Warmwire.Tests.House;

/// <summary>
/// The written order of a project's folders, from the top down: <c>A</c> on a line may name what stands below it, and
/// <c>A ! B C</c> neither <c>B</c> nor <c>C</c>.
/// </summary>
internal sealed class LayerOrder
{
    private readonly Dictionary<string, int> _heights = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _strangers = new(StringComparer.Ordinal);

    public LayerOrder(IEnumerable<string> lines)
    {
        foreach (string line in lines.Select(static line => line.Trim()).Where(static line => line.Length > 0 && line[0] != '#'))
        {
            string[] parts = line.Split('!', StringSplitOptions.TrimEntries);
            _heights.Add(parts[0], _heights.Count); // a folder twice is refused
            _strangers.Add(parts[0], parts.Length > 1 ? parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries) : []);
        }

        foreach (string stranger in _strangers.Values.SelectMany(static names => names).Where(name => !_heights.ContainsKey(name)))
        {
            throw new FormatException($"{stranger} stands behind a ! and has no line of its own");
        }
    }

    /// <summary>The order of the library, from <c>src/Warmwire/layers.txt</c>.</summary>
    public static LayerOrder OfLibrary { get; } = new(File.ReadAllLines(Kit.Repository.Path("src/Warmwire/layers.txt")));

    public IReadOnlyCollection<string> Folders => _heights.Keys;

    public LayerOrder Reversed() => new(_heights.Keys.Reverse());

    public bool Allows(string from, string to) =>
        from == to || (_heights[from] < _heights[to] && !_strangers[from].Contains(to, StringComparer.Ordinal));
}
