using System.Text.Json.Serialization;

namespace Warmwire.Cli.Serving;

/// <summary>The messages to and from the relay's process.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RelayOrder))]
[JsonSerializable(typeof(RelayReady))]
internal sealed partial class RelayJson : JsonSerializerContext;
