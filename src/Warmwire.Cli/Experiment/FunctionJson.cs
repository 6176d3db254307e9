using System.Text.Json.Serialization;

namespace Warmwire.Cli.Experiment;

/// <summary>The messages to and from the function's process.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FunctionOrder))]
[JsonSerializable(typeof(FunctionReady))]
[JsonSerializable(typeof(FunctionQuery))]
[JsonSerializable(typeof(FunctionCounts))]
internal sealed partial class FunctionJson : JsonSerializerContext;
