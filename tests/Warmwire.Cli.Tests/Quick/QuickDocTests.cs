using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Options;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Scenarios;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Quick.Watching;
using Warmwire.Cli.Rendering.Charts;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Cli.Tests.Quick;

/// <summary>docs/quick.md names what exists, and all of it.</summary>
public sealed class QuickDocTests
{
    private static readonly string s_page = File.ReadAllText(Repository.Path("docs/quick.md"));

    [Fact]
    public void Every_option_has_its_row_and_every_row_its_option()
    {
        IEnumerable<string> options = QuickArguments.Command(static (_, _) => Task.FromResult(0)).Options
            .Concat(DiffArguments.Command(static (_, _) => Task.FromResult(0)).Options)
            .Select(static option => option.Name)
            .Distinct(StringComparer.Ordinal);
        IEnumerable<string> told = Regex.Matches(s_page, "^\\|(?<cell>[^|]*)\\|", RegexOptions.Multiline, TimeSpan.FromSeconds(5))
            .SelectMany(
                static row => Regex.Matches(row.Groups["cell"].Value, "--[a-z][a-z0-9-]+", RegexOptions.None, TimeSpan.FromSeconds(5)))
            .Select(static option => option.Value);
        Assert.Equal(
            options.Except(["--ensure"], StringComparer.Ordinal).Order(StringComparer.Ordinal),
            told.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Contains("`--ensure` makes a run pass or fail", s_page, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_have_the_values_of_the_code()
    {
        Assert.Equal(Number(QuickSettings.MaxRequestsUnderWay), Limit("requests in progress"));
        Assert.Equal(Number(SeriesBuilder.MaxPoints), Limit("points of the series"));
        Assert.Equal(Number(Shard.MaxCount), Limit("shards"));
        Assert.Equal((1024 * 1024L, "1 MiB"), (ScenarioFile.MaxBytes, Limit("a scenario file")));
        Assert.Equal(Number(ScenarioFile.MaxScenarios), Limit("scenarios of a file"));
        Assert.Equal(Number(ScenarioSteps.MaxSteps), Limit("steps of a flow"));
        Assert.Equal(Number(UrlList.MaxUrls), Limit("URLs of a list"));
        Assert.Equal(Number(CsvData.MaxRows), Limit("rows of `--data`"));
        Assert.Equal(Number(Check.MaxCount), Limit("checks"));
        Assert.Equal((1024 * 1024, "1 MiB"), (ResponseText.MaxBody, Limit("body that checks look at")));
        Assert.Equal(Number(Stage.MaxCount), Limit("stages"));
        Assert.Equal(Number(ClosedLoop.MaxUsers), Limit("users of a closed loop"));
        Assert.Equal(Number(ByRemote.MaxNamed), Limit("remote addresses named of a watched process"));
        Assert.Equal(Number(ProcessTree.MaxMembers), Limit("descendants of a watched process, at a time"));
        Assert.Equal(Number(LiveHistory.MaxSeconds), Limit("seconds in the live view"));
        Assert.Equal(Number(PercentileList.MaxCount), Limit("percentiles of `--percentiles`"));
        Assert.Equal("1 h", Limit("latency"));
        Assert.Equal(3_600_000_000_000, LatencyHistogram.HighestTrackable);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Limit(string name) =>
        s_page.Split('\n').Single(line => line.StartsWith($"| {name} |", StringComparison.Ordinal)).Split('|')[2].Trim();
}
