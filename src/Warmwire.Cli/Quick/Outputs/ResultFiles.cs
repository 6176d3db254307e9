using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>The files that a result is written to.</summary>
internal static class ResultFiles
{
    /// <summary>Finds out whether all of them can be written, and makes those that do not exist.</summary>
    /// <exception cref="CommandFailure">One cannot.</exception>
    public static void Prepare(QuickOutputs outputs)
    {
        (string, string?)[] files = [("--output", outputs.Json), ("--report", outputs.Report), ("--hgrm", outputs.Hgrm)];
        foreach ((string option, string? path) in files)
        {
            if (path is not null)
            {
                Try(option, () => new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write).Dispose());
            }
        }
    }

    public static void Write(QuickOutputs outputs, QuickResult result)
    {
        if (outputs.Json is { } json)
        {
            Try("--output", () => File.WriteAllText(json, QuickJson.Write(result) + "\n"));
        }

        if (outputs.Report is { } report)
        {
            Try("--report", () =>
            {
                using var writer = new StreamWriter(report);
                HtmlReport.Write(writer, result);
            });
        }

        if (outputs.Hgrm is { } hgrm)
        {
            Try("--hgrm", () =>
            {
                using var writer = new StreamWriter(hgrm);
                HgrmText.Write(writer, Summaries.Restore(result.Histogram.Corrected, result.LatencyMs.Corrected));
                if (result.Target.IsClosedLoop)
                {
                    writer.Write("#[Model   = closed loop, latencies uncorrected]\n");
                }
            });
        }
    }

    private static void Try(string option, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandFailure($"{option}: {error.Message}", error, ExitCodes.CouldNotRun);
        }
    }
}
