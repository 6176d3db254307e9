using System.Globalization;
using Warmwire.Cli.Outcomes;
using YamlDotNet.RepresentationModel;

namespace Warmwire.Cli.Quick.Scenarios;

/// <summary>A mapping of a scenario file; what is wrong with it is told with file, line and key.</summary>
internal sealed class YamlMap
{
    private readonly string _file;
    private readonly string _name;
    private readonly YamlMappingNode _node;
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);

    /// <param name="file">The file's name.</param>
    /// <param name="name">What the mapping is called.</param>
    /// <param name="node">The mapping.</param>
    public YamlMap(string file, string name, YamlNode node)
    {
        (_file, _name) = (file, name);
        _node = node as YamlMappingNode ?? throw Wrong(file, node, $"{name} must have keys and values");
        foreach ((YamlNode key, YamlNode value) in _node.Children)
        {
            _values[(key as YamlScalarNode)?.Value ?? throw Wrong(file, key, $"a key of {name} must be a word")] = value;
        }
    }

    public IEnumerable<string> Keys => _values.Keys;

    public static CommandFailure Wrong(string file, YamlNode node, string problem) =>
        new(string.Create(CultureInfo.InvariantCulture, $"--scenario {file}, line {node.Start.Line}: {problem}"), ExitCodes.Usage);

    /// <summary>Refuses keys that are not read.</summary>
    public YamlMap Only(params string[] keys)
    {
        foreach ((YamlNode key, _) in _node.Children)
        {
            string name = ((YamlScalarNode)key).Value!;
            if (!keys.Contains(name, StringComparer.Ordinal))
            {
                throw Wrong(_file, key, $"{_name} has the key '{name}', which is not read; those that are: {string.Join(", ", keys)}");
            }
        }

        return this;
    }

    public YamlNode? Find(string key) => _values.GetValueOrDefault(key);

    public YamlNode Get(string key) => Find(key) ?? throw Wrong(_file, _node, $"{_name} has no '{key}'");

    public YamlMap? FindMap(string key) => Find(key) is { } node ? new YamlMap(_file, key, node) : null;

    public string? FindText(string key) => Find(key) is { } node ? Text(key, node) : null;

    public string GetText(string key) => Text(key, Get(key));

    /// <summary>The elements of a sequence, or the one value in place of it.</summary>
    public IReadOnlyList<YamlNode> List(string key) => Find(key) switch
    {
        null => [],
        YamlSequenceNode sequence => [.. sequence.Children],
        var one => [one],
    };

    /// <summary>A sequence, which must be one.</summary>
    public IReadOnlyList<YamlNode> GetList(string key) => Get(key) is YamlSequenceNode sequence
        ? [.. sequence.Children]
        : throw Wrong(key, "must be a list");

    public double? FindNumber(string key, double min, double max)
    {
        if (FindText(key) is not { } text)
        {
            return null;
        }

        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value >= min
            && value <= max
                ? value
                : throw Wrong(
                    key, string.Create(CultureInfo.InvariantCulture, $"must be a number from {min:0.####} to {max:0}, not '{text}'"));
    }

    /// <summary>What is wrong with the value of a key.</summary>
    public CommandFailure Wrong(string key, string problem) => Wrong(_file, Get(key), $"'{key}' {problem}");

    /// <summary>What is wrong with the mapping.</summary>
    public CommandFailure Wrong(string problem) => Wrong(_file, _node, $"{_name} {problem}");

    private string Text(string key, YamlNode node) =>
        (node as YamlScalarNode)?.Value ?? throw Wrong(_file, node, $"'{key}' must be a text or a number");
}
