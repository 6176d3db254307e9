using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Warmwire.Cli.Quick.Results;

/// <summary>How results are written and read.</summary>
internal static class QuickJson
{
    /// <summary>Base64 keeps its plus signs, and what is not ASCII stays readable.</summary>
    private static readonly QuickJsonContext s_readable =
        new(new JsonSerializerOptions(QuickJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>
    /// The generated code sets every property that only an initializer can, so one that is missing in the file would lose its default;
    /// reflection leaves it alone.
    /// </summary>
    private static readonly JsonSerializerOptions s_lenient = new(QuickJsonContext.Default.Options)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>Older files have this key, which jq and JavaScript take only in quotes.</summary>
    private const string OldPercentile = "p99.9";

    public static string Write(QuickResult result) => JsonSerializer.Serialize(result, s_readable.QuickResult);

    /// <exception cref="JsonException">It is not such a result.</exception>
    public static QuickResult Read(string json) =>
        (json.Contains(OldPercentile, StringComparison.Ordinal)
            ? Renamed(json).Deserialize<QuickResult>(s_lenient)
            : JsonSerializer.Deserialize<QuickResult>(json, s_lenient))
            ?? throw new JsonException("null is not a result");

    /// <summary>The same with the new name of <see cref="OldPercentile"/>, which only distributions have.</summary>
    private static JsonNode? Renamed(string json)
    {
        JsonNode? root = JsonNode.Parse(json);
        string[][] distributions =
        [
            ["latencyMs", "corrected"], ["latencyMs", "uncorrected"], ["phasesMs", "dns"], ["phasesMs", "connect"], ["phasesMs", "tls"],
            ["phasesMs", "queue"], ["phasesMs", "firstByte"], ["startDelayMs"],
        ];
        foreach (string[] path in distributions)
        {
            JsonNode? node = path.Aggregate(root, static (parent, name) => (parent as JsonObject)?[name]);
            if (node is JsonObject members && members[OldPercentile] is { } value && members.Remove(OldPercentile))
            {
                members["p99_9"] = value;
            }
        }

        return root;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    WriteIndented = true)]
[JsonSerializable(typeof(QuickResult))]
internal sealed partial class QuickJsonContext : JsonSerializerContext;
