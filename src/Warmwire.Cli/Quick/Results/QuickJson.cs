using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

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
    /// <summary>Base64 keeps its plus signs, and what is not ASCII stays readable.</summary>
    public static string Write(QuickResult result) => JsonSerializer.Serialize(result, Readable.Context.QuickResult);

    /// <exception cref="JsonException">It is not such a result.</exception>
    public static QuickResult Read(string json) =>
        JsonSerializer.Deserialize<QuickResult>(json, Lenient.Options) ?? throw new JsonException("null is not a result");

    /// <summary>The generated code sets every property that only an initializer can, so one that is missing in the file would lose its default; reflection leaves it alone.</summary>
    private static class Lenient
    {
        public static readonly JsonSerializerOptions Options = new(Default.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
    }

    /// <summary>Apart, because a static field of this class may be set before those of the generated part, whose options it would then copy empty.</summary>
    private static class Readable
    {
        public static readonly QuickJson Context = new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
