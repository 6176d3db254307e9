using System.Text.Json.Serialization;

namespace Warmwire.Cli.Measuring;

/// <summary>The messages to and from a row's process.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RowOrder))]
[JsonSerializable(typeof(RowStart))]
[JsonSerializable(typeof(RowMessage))]
internal sealed partial class RowJson : JsonSerializerContext;
