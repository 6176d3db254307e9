using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>Where a run is told of while it goes on.</summary>
/// <param name="JsonLines">The file of <c>--json-lines</c>; <see cref="StandardOutput"/> for standard output.</param>
/// <param name="Otlp">The collector of <c>--otlp</c>.</param>
internal sealed record LiveOutputs(string? JsonLines, Uri? Otlp)
{
    public const string StandardOutput = "-";

    /// <summary>Standard output has nothing but lines of JSON.</summary>
    public bool TakesStandardOutput => JsonLines == StandardOutput;
}

/// <summary>The exports of a run that <see cref="LiveOutputs"/> asks for, while it goes on and at its end.</summary>
internal sealed class LiveExports : IDisposable
{
    private readonly JsonLines? _lines;
    private readonly OtlpMetrics? _metrics;

    /// <exception cref="CommandFailure">A file cannot be written.</exception>
    public LiveExports(LiveOutputs outputs, QuickSettings settings, TextWriter standardOutput)
    {
        _lines = outputs.JsonLines is not { } path ? null
            : outputs.TakesStandardOutput ? new JsonLines(standardOutput, isOwned: false)
            : new JsonLines(Open(path), isOwned: true);
        _metrics = outputs.Otlp is { } url ? new OtlpMetrics(url, settings) : null;
    }

    public IReadOnlyList<ISecondObserver> Observers => [.. ((ISecondObserver?[])[_lines, _metrics]).OfType<ISecondObserver>()];

    /// <exception cref="CommandFailure">One of them did not get everything.</exception>
    public void Finish(QuickResult result)
    {
        _lines?.Finish(result);
        _metrics?.Finish();
    }

    public void Dispose()
    {
        _lines?.Dispose();
        _metrics?.Dispose();
    }

    private static StreamWriter Open(string path)
    {
        try
        {
            return new StreamWriter(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandFailure($"--json-lines: {error.Message}", error, ExitCodes.CouldNotRun);
        }
    }
}
