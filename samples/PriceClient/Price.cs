using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warmwire.Samples.PriceClient;

/// <summary>What something costs.</summary>
/// <param name="Symbol">What it is.</param>
/// <param name="Amount">How much.</param>
/// <param name="Currency">Of what.</param>
/// <param name="At">Since when.</param>
internal sealed record Price(
    [property: JsonRequired] string Symbol,
    [property: JsonRequired] decimal Amount,
    [property: JsonRequired] string Currency,
    DateTimeOffset? At = null);

/// <summary>Prices as JSON, with serializers made by the compiler.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Price))]
internal sealed partial class PriceJson : JsonSerializerContext;
