using System.Text.Json.Serialization;

namespace Warmwire.Cli.Serving;

/// <summary>The messages to and from the embedded server's process.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServeOrder))]
[JsonSerializable(typeof(ServerReady))]
[JsonSerializable(typeof(CountsQuery))]
[JsonSerializable(typeof(ServerCounts))]
internal sealed partial class ServerJson : JsonSerializerContext;
