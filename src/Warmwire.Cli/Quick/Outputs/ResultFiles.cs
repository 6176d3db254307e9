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
            if (path is not (null or QuickOutputs.StandardOutput))
            {
                Try(option, path, () => new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write).Dispose());
            }
        }
    }

    public static void Write(QuickOutputs outputs, QuickResult result, TextWriter standardOutput)
    {
        Write("--output", outputs.Json, writer => writer.Write(QuickJson.Write(result) + "\n"));
        Write("--report", outputs.Report, writer => HtmlReport.Write(writer, result));
        Write(
            "--hgrm",
            outputs.Hgrm,
            writer =>
            {
                HgrmText.Write(writer, Summaries.Restore(result.Histogram.Corrected, result.LatencyMs.Corrected));
                if (result.Target.IsClosedLoop)
                {
                    writer.Write("#[Model   = closed loop, latencies uncorrected]\n");
                }
            });

        void Write(string option, string? path, Action<TextWriter> write)
        {
            if (path == QuickOutputs.StandardOutput)
            {
                write(standardOutput);
            }
            else if (path is not null)
            {
                Try(option, path, () =>
                {
                    using var writer = new StreamWriter(path);
                    write(writer);
                });
            }
        }
    }

    private static void Try(string option, string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (FileReason.IsOne(error))
        {
            throw new CommandFailure($"{option}: {FileReason.Of(path, error)}", error, ExitCodes.CouldNotRun);
        }
    }
}
