using System.Text.Json;
using System.Text.RegularExpressions;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Results;

public sealed class QuickJsonTests
{
    [Fact]
    public void The_tool_and_its_version_come_first()
    {
        string json = QuickJson.Write(QuickResults.Usual() with { Tool = ToolResult.Current });
        using JsonDocument parsed = JsonDocument.Parse(json);
        JsonProperty first = parsed.RootElement.EnumerateObject().First();
        Assert.Equal("tool", first.Name);
        Assert.Equal("warmwire", first.Value.GetProperty("name").GetString());
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+", first.Value.GetProperty("version").GetString());
        Assert.DoesNotContain("+", first.Value.GetProperty("version").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Names that jq's path syntax takes as they are.</summary>
    [Fact]
    public void The_names_of_distributions_need_no_quotes()
    {
        using JsonDocument parsed = JsonDocument.Parse(QuickJson.Write(QuickResults.Usual()));
        JsonElement corrected = parsed.RootElement.GetProperty("latencyMs").GetProperty("corrected");
        Assert.All(corrected.EnumerateObject(), static member => Assert.Matches("^[A-Za-z_][A-Za-z0-9_]*$", member.Name));
        Assert.Equal(190, corrected.GetProperty("p99_9").GetDouble());
    }

    [Fact]
    public void A_file_of_an_older_version_is_read()
    {
        QuickResult usual = QuickResults.Usual();
        string old = QuickJson.Write(usual).Replace("\"p99_9\"", "\"p99.9\"", StringComparison.Ordinal);
        Assert.Equal(8, Regex.Count(old, "\"p99\\.9\"", RegexOptions.None, TimeSpan.FromSeconds(5)));
        QuickResult read = QuickJson.Read(old);
        Assert.Null(read.Tool);
        Assert.Equal(usual.LatencyMs, read.LatencyMs);
        Assert.Equal(usual.StartDelayMs, read.StartDelayMs);
    }

    [Fact]
    public void A_distribution_without_the_percentile_is_no_result() => Assert.Throws<JsonException>(
        static () => QuickJson.Read(QuickJson.Write(QuickResults.Usual()).Replace("p99_9", "p98", StringComparison.Ordinal)));
}
