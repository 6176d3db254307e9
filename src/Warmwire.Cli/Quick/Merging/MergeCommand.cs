using Warmwire.Cli.Histograms;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>How a result is shown; <c>quick</c> shows its own in the same way.</summary>
/// <param name="PrintSummary">To the console.</param>
/// <param name="WriteReport">As HTML.</param>
internal sealed record MergeOutputs(Action<QuickResult> PrintSummary, Action<TextWriter, QuickResult> WriteReport);

/// <summary><c>warmwire merge</c>: reads results, adds them, checks the conditions, and shows and writes the sum.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="outputs">How it is shown.</param>
/// <param name="verdict">The merged result in words.</param>
/// <param name="error">Where failures are told.</param>
internal sealed class MergeCommand(MergeSettings settings, MergeOutputs outputs, Func<QuickResult, IReadOnlyList<string>> verdict, TextWriter error)
{
    public const int Held = 0;
    public const int NotHeld = 1;
    public const int CouldNotRun = 2;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            QuickResult? merged = await MergeAsync(cancellationToken);
            if (merged is null)
            {
                return CouldNotRun;
            }

            await WriteAsync(merged, cancellationToken);
            if (!settings.Quiet)
            {
                outputs.PrintSummary(merged);
            }

            return merged.Ensure.All(static condition => condition.Held) ? Held : NotHeld;
        }
        catch (CommandFailure failure)
        {
            await TellAsync(failure);
            return CouldNotRun;
        }
    }

    /// <returns><see langword="null"/> if files could not be read, which was told.</returns>
    private async Task<QuickResult?> MergeAsync(CancellationToken cancellationToken)
    {
        if (settings.Files.GroupBy(Path.GetFullPath, StringComparer.Ordinal).FirstOrDefault(static same => same.Count() > 1) is { } twice)
        {
            throw new CommandFailure($"{twice.First()} is given twice, and would be counted twice");
        }

        var parts = new List<NamedResult>();
        foreach (string path in settings.Files)
        {
            try
            {
                parts.Add(await ResultFile.ReadAsync(path, cancellationToken));
            }
            catch (CommandFailure failure)
            {
                await TellAsync(failure);
            }
        }

        if (parts.Count < settings.Files.Count)
        {
            return null;
        }

        QuickResult merged = ResultMerger.Merge(parts, verdict);
        return merged with { Ensure = [.. settings.Ensure.Select(condition => condition.Evaluate(merged))] };
    }

    private async Task WriteAsync(QuickResult merged, CancellationToken cancellationToken)
    {
        await WriteAsync(settings.Output, writer => writer.WriteLine(QuickJson.Write(merged)), cancellationToken);
        await WriteAsync(settings.Report, writer => outputs.WriteReport(writer, merged), cancellationToken);
        await WriteAsync(settings.Hgrm, writer => HgrmText.Write(writer, Summaries.Restore(merged.Histogram.Corrected, merged.LatencyMs.Corrected)), cancellationToken);
    }

    private static async Task WriteAsync(string? path, Action<TextWriter> write, CancellationToken cancellationToken)
    {
        if (path is null)
        {
            return;
        }

        using var text = new StringWriter();
        write(text);
        try
        {
            await File.WriteAllTextAsync(path, text.ToString(), cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"{path} cannot be written: {failure.Message.ReplaceLineEndings(" ")}", failure);
        }
    }

    private Task TellAsync(CommandFailure failure) => error.WriteLineAsync($"warmwire: {failure.Message}");
}
