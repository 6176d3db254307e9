using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warmwire.Cli.Quick.Results;

/// <summary>How results are written and read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    WriteIndented = true)]
[JsonSerializable(typeof(QuickResult))]
internal sealed partial class QuickJson : JsonSerializerContext
{
    private static readonly QuickJson s_readable = new(new JsonSerializerOptions(new QuickJson().Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Base64 keeps its plus signs, and what is not ASCII stays readable.</summary>
    public static string Write(QuickResult result) => JsonSerializer.Serialize(result, s_readable.QuickResult);

    /// <exception cref="JsonException">It is not such a result.</exception>
    public static QuickResult Read(string json) =>
        JsonSerializer.Deserialize(json, Default.QuickResult) ?? throw new JsonException("null is not a result");
}
