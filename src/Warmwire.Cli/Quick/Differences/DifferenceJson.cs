using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Warmwire.Cli.Quick.Merging;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Differences;

/// <summary>A comparison as JSON.</summary>
internal static class DifferenceJson
{
    private static readonly DifferenceJsonContext s_readable =
        new(new JsonSerializerOptions(DifferenceJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Write(RunDifference difference, IReadOnlyList<FailResult> conditions) => JsonSerializer.Serialize(
        new Document(
            ToolResult.Current,
            RunDifference.Confidence,
            Run.Of(difference.Before),
            Run.Of(difference.After),
            [.. difference.Figures.Select(Figure.Of)],
            conditions,
            DifferenceText.Sentences(difference)),
        s_readable.Document);

    /// <summary>The whole.</summary>
    internal sealed record Document(
        ToolResult Tool,
        double Confidence,
        Run Before,
        Run After,
        IReadOnlyList<Figure> Figures,
        IReadOnlyList<FailResult> FailOn,
        IReadOnlyList<string> Verdict);

    /// <summary>One of the two runs.</summary>
    internal sealed record Run(string File, string Url, double Rate, long Requests, long ConnectionsOpened, bool GeneratorLimited)
    {
        public static Run Of(NamedResult named) => new(
            named.Name,
            named.Result.Target.Url,
            named.Result.AchievedRate,
            named.Result.Requests,
            named.Result.Connections.Opened,
            named.Result.GeneratorLimited);
    }

    /// <summary>A figure; latencies in milliseconds, shares from 0 to 1.</summary>
    internal sealed record Figure(string Name, Value Before, Value After, Value Change, double? RelativeChange, string Difference)
    {
        public static Figure Of(FigureDifference figure) => new(
            figure.Name,
            Value.Of(figure.Before),
            Value.Of(figure.After),
            Value.Of(figure.Change),
            figure.Relative is { } relative ? Math.Round(relative, 6) : null,
            !figure.IsTold ? "none" : figure.Change.Value > 0 ? "higher" : "lower");
    }

    /// <summary>A value and its interval; an end that is not known is missing.</summary>
    internal sealed record Value([property: JsonPropertyName("value")] double Measured, double? Low, double? High)
    {
        public static Value Of(Estimate estimate) => new(Round(estimate.Value) ?? 0, Round(estimate.Low), Round(estimate.High));

        private static double? Round(double value) => double.IsFinite(value) ? Math.Round(value, 9) : null;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
[JsonSerializable(typeof(DifferenceJson.Document))]
internal sealed partial class DifferenceJsonContext : JsonSerializerContext;
