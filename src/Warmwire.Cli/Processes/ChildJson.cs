using System.Text.Json.Serialization;
using Warmwire.Cli.Experiment;
using Warmwire.Cli.Measuring;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli.Processes;

/// <summary>The messages between a comparison and its child processes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServeOrder))]
[JsonSerializable(typeof(ServerReady))]
[JsonSerializable(typeof(CountsQuery))]
[JsonSerializable(typeof(ServerCounts))]
[JsonSerializable(typeof(RelayOrder))]
[JsonSerializable(typeof(RelayReady))]
[JsonSerializable(typeof(RowOrder))]
[JsonSerializable(typeof(RowStart))]
[JsonSerializable(typeof(RowMessage))]
[JsonSerializable(typeof(FunctionOrder))]
[JsonSerializable(typeof(FunctionReady))]
[JsonSerializable(typeof(FunctionQuery))]
[JsonSerializable(typeof(FunctionCounts))]
internal sealed partial class ChildJson : JsonSerializerContext;
