using System.Diagnostics;
using System.Globalization;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Tests.Quick.Reports;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Exports;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Every_family_has_its_help_and_type_before_its_samples()
    {
        string? family = null;
        foreach (string line in Lines(QuickResults.Usual()))
        {
            string[] words = line.Split(' ');
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = words[2];
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                Assert.Equal(family, words[2]);
                Assert.Contains(words[3], (string[])["counter", "gauge", "histogram"]);
            }
            else
            {
                Assert.StartsWith(family!, line);
            }
        }
    }

    [Fact]
    public void Counters_and_the_histogram_have_what_was_measured()
    {
        QuickResult usual = QuickResults.Usual();
        string[] lines = Lines(usual with { Ensure = [new EnsureResult("p(95)<\"x\\", false, "")] });
        Assert.Contains("warmwire_quick_requests_total 200", lines);
        Assert.Contains("warmwire_quick_responses_total{code=\"503\"} 5", lines);
        Assert.Contains("warmwire_quick_errors_total{kind=\"timeout\"} 10", lines);
        Assert.Contains("warmwire_quick_connections_opened_total 10", lines);
        Assert.Contains("warmwire_quick_condition_held{condition=\"p(95)<\\\"x\\\\\"} 0", lines);
        Assert.Contains("warmwire_quick_request_duration_seconds_bucket{le=\"0.1\"} 100", lines);
        Assert.Contains("warmwire_quick_request_duration_seconds_bucket{le=\"+Inf\"} 190", lines);
        Assert.Contains("warmwire_quick_request_duration_seconds_count 190", lines);
        string sumLine = lines.Single(
            static line => line.StartsWith("warmwire_quick_request_duration_seconds_sum ", StringComparison.Ordinal));
        double sum = double.Parse(sumLine.Split(' ')[1], CultureInfo.InvariantCulture);
        Assert.Equal(18.145, sum, 9);
        long[] buckets =
        [
            .. lines.Where(static line => line.StartsWith("warmwire_quick_request_duration_seconds_bucket", StringComparison.Ordinal))
                .Select(static line => long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)),
        ];
        Assert.Equal(buckets.Order(), buckets);
    }

    /// <summary>Prometheus' own checker, which finds what its parser refuses and names against its rules.</summary>
    [Fact]
    public async Task Promtool_has_nothing_to_complain_of()
    {
        foreach (QuickResult result in (QuickResult[])[QuickResults.Usual(), QuickResults.Empty(), SampleResults.Before])
        {
            var info = new ProcessStartInfo("promtool", ["check", "metrics"])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            };
            using Process promtool = Start(info);
            await promtool.StandardInput.WriteAsync(PrometheusText.Of(result));
            promtool.StandardInput.Close();
            string complaints = await promtool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)
                + await promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal((0, ""), (promtool.ExitCode, complaints));
        }
    }

    private static Process Start(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("promtool is not installed (apt-get install prometheus)");
            throw;
        }
    }

    private static string[] Lines(QuickResult result) => PrometheusText.Of(result).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
