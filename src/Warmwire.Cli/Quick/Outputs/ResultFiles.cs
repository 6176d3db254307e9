using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Exports;
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
        (string, string?)[] files =
        [
            ("--output", outputs.Json), ("--report", outputs.Report), ("--hgrm", outputs.Hgrm), ("--csv", outputs.Csv),
            ("--junit", outputs.JUnit), ("--prometheus", outputs.Prometheus),
        ];
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
        Write("--csv", outputs.Csv, writer => SeriesCsv.Write(writer, result));
        Write("--junit", outputs.JUnit, writer => JUnitXml.Write(writer, result));
        if (outputs.Prometheus is not (null or QuickOutputs.StandardOutput) and var prometheus)
        {
            Try("--prometheus", prometheus, () => Replace(prometheus, PrometheusText.Of(result)));
        }
        else
        {
            Write("--prometheus", outputs.Prometheus, writer => writer.Write(PrometheusText.Of(result)));
        }

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

    /// <summary>At once, because what collects such files may read it at any moment.</summary>
    private static void Replace(string path, string text)
    {
        string next = path + ".tmp";
        File.WriteAllText(next, text);
        File.Move(next, path, overwrite: true);
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
