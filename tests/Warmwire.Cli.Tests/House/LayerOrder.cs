namespace Warmwire.Cli.Tests.House;

/// <summary>An order of folders, top first: a type may name types of its own folder and of folders below it.</summary>
internal sealed class LayerOrder
{
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    /// <param name="lines">A folder each; what follows a <c>#</c> is a comment.</param>
    public LayerOrder(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            string folder = line.Split('#')[0].Trim();
            if (folder.Length > 0)
            {
                _places.Add(folder, _places.Count);
            }
        }
    }

    public IReadOnlyCollection<string> Folders => _places.Keys;

    /// <summary>What is wrong with the folders and references of these types, a line each.</summary>
    public IReadOnlyList<string> Violations(IReadOnlyList<CompiledType> types)
    {
        var byName = types.ToDictionary(static type => type.Name, StringComparer.Ordinal);
        List<string> wrong = [.. Folders
            .Except(types.Select(static type => type.Folder), StringComparer.Ordinal)
            .Select(static folder => $"{folder} has no types")];
        foreach (CompiledType type in types)
        {
            if (!_places.ContainsKey(type.Folder))
            {
                wrong.Add($"{type.Name} is in {type.Folder}, which is not in the order");
                continue;
            }

            wrong.AddRange(type.Names
                .Select(name => byName[name])
                .Where(named => named.Folder != type.Folder && _places.GetValueOrDefault(named.Folder, -1) < _places[type.Folder])
                .Select(named => $"{type.Folder} → {named.Folder}: {type.Name} names {named.Name}"));
        }

        wrong.Sort(StringComparer.Ordinal);
        return wrong;
    }
}
