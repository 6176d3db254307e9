using System.Text.Json;

namespace Warmwire.Bench.Measuring;

/// <summary>The numbers of one round by name, as the client told them: times in microseconds, sizes in bytes.</summary>
internal sealed class Sample
{
    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);

    /// <summary>The last error the client met, if any.</summary>
    public string? LastError { get; private init; }

    /// <summary>A number, or <see langword="null"/> if this client does not tell it.</summary>
    public double? this[string name]
    {
        get => _values.TryGetValue(name, out double value) ? value : null;
        set => _values[name] = value ?? double.NaN;
    }

    public static Sample Parse(string line)
    {
        string? error = null;
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Number)
                {
                    values[property.Name] = property.Value.GetDouble();
                }
                else if (property.NameEquals("lastError"u8))
                {
                    error = property.Value.GetString();
                }
            }
        }
        catch (JsonException e)
        {
            throw new BenchFailure($"a client said something unexpected: {line}", e);
        }

        var sample = new Sample { LastError = error };
        foreach ((string name, double value) in values)
        {
            sample[name] = value;
        }

        return sample;
    }
}
