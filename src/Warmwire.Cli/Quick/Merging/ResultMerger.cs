using Warmwire.Cli.Compare;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Quick.Verdicts;

namespace Warmwire.Cli.Quick.Merging;

/// <summary>
/// Results of several runs of one load, as one. Whatever was counted is added, and percentiles come from the added histograms: merging
/// parts is as good as having measured the whole at one place. The one figure that is a bound is the peak of open connections; see
/// <see cref="SeriesMerger"/>.
/// </summary>
internal static class ResultMerger
{
    public const string SeveralProcesses = "Several of the merged results watched a process; the merged result contains none of them.";

    /// <param name="parts">At least one.</param>
    /// <param name="verdict">The merged result in words.</param>
    /// <exception cref="CommandFailure">They do not belong together, or one of them is damaged.</exception>
    public static QuickResult Merge(IReadOnlyList<NamedResult> parts, Func<QuickResult, IReadOnlyList<string>>? verdict = null)
    {
        if (parts.Count == 0)
        {
            throw new CommandFailure("there is no result to merge");
        }

        SameTarget.Check(parts);
        var shards = MergedShards.Of(parts);
        try
        {
            QuickResult merged = Add(parts) with
            {
                RunId = shards.RunId,
                Parts = shards.Parts,
                MissingShards = shards.Missing,
            };
            ProcessResult[] processes = [.. parts.Select(static part => part.Result.Process).OfType<ProcessResult>()];
            merged = merged with { Process = processes.Length == 1 ? processes[0] : null };
            return merged with
            {
                Verdict =
                [
                    .. verdict?.Invoke(merged) ?? [],
                    .. parts.Count > 1 ? BusyMachines(parts) : [],
                    .. processes.Length > 1 ? [SeveralProcesses] : Array.Empty<string>(),
                ],
            };
        }
        catch (OverflowException error)
        {
            throw new CommandFailure("these results cannot be merged: their counts are too large to add", error);
        }
    }

    private static IEnumerable<string> BusyMachines(IReadOnlyList<NamedResult> parts) => parts
        .Where(static part => BusyMachine.WasBusy(part.Result))
        .Select(static part => $"{part.Name}: {new BusyMachine().Of(part.Result)}");

    private static QuickResult Add(IReadOnlyList<NamedResult> parts)
    {
        QuickResult[] all = [.. parts.Select(static part => part.Result)];
        var clock = new WallClock(parts);
        SeriesResult series = SeriesMerger.Merge(parts, clock);
        long requests = all.Sum(static result => result.Requests);
        double cpuSeconds = Total(all, static result => result.Cpu.Seconds);

        LatencyHistogram corrected = Histogram(
            parts, "corrected", static result => (result.Histogram.Corrected, result.LatencyMs.Corrected));
        LatencyHistogram uncorrected = Histogram(
            parts, "uncorrected", static result => (result.Histogram.Uncorrected, result.LatencyMs.Uncorrected));
        LatencyHistogram startDelay = Histogram(parts, "startDelay", static result => (result.Histogram.StartDelay, result.StartDelayMs));
        LatencyHistogram dns = Histogram(parts, "dns", static result => (result.Histogram.Dns, result.PhasesMs.Dns));
        LatencyHistogram connect = Histogram(parts, "connect", static result => (result.Histogram.Connect, result.PhasesMs.Connect));
        LatencyHistogram tls = Histogram(parts, "tls", static result => (result.Histogram.Tls, result.PhasesMs.Tls));
        LatencyHistogram queue = Histogram(parts, "queue", static result => (result.Histogram.Queue, result.PhasesMs.Queue));
        LatencyHistogram firstByte = Histogram(
            parts, "firstByte", static result => (result.Histogram.FirstByte, result.PhasesMs.FirstByte));

        return new QuickResult
        {
            Tool = ToolResult.Current,
            Target = Target(all, clock),
            StartedAt = clock.StartedAt,
            ElapsedSeconds = clock.ElapsedSeconds,
            Interrupted = all.Any(static result => result.Interrupted),
            Aborted = FirstAborted(all),
            Checks = Checks(all),
            Redirects = all.Sum(static result => result.Redirects),
            Arrivals = all.Sum(static result => result.Arrivals),
            Requests = requests,
            Responses = all.Sum(static result => result.Responses),
            Errors = Sums.Of(all.Select(static result => result.Errors)),
            ErrorExamples = Examples(all),
            ReplaySafeErrors = all.Sum(static result => result.ReplaySafeErrors),
            Unanswered = all.Sum(static result => result.Unanswered),
            Codes = Sums.Of(all.Select(static result => result.Codes)),
            DownloadedBytes = all.Sum(static result => result.DownloadedBytes),
            AchievedRate = clock.Together(static result => result.AchievedRate),
            DroppedArrivals = all.Sum(static result => result.DroppedArrivals),
            Pauses = Pauses(all),
            GeneratorLimited = all.Any(static result => result.GeneratorLimited),
            GeneratorLimits = [.. parts.SelectMany(static part => part.Result.GeneratorLimits.Select(limit => $"{part.Name}: {limit}"))],
            Connections = ConnectionsMerger.Merge(parts, series),
            LatencyMs = new LatencyResult { Corrected = Summaries.Of(corrected), Uncorrected = Summaries.Of(uncorrected) },
            PhasesMs = new PhasesResult
            {
                Dns = Summaries.Of(dns),
                Connect = Summaries.Of(connect),
                Tls = Summaries.Of(tls),
                Queue = Summaries.Of(queue),
                FirstByte = Summaries.Of(firstByte),
            },
            StartDelayMs = Summaries.Of(startDelay),
            Cpu = new CpuResult
            {
                Seconds = cpuSeconds,
                MicrosPerRequest = requests == 0 ? 0 : Math.Round(cpuSeconds * 1e6 / requests, 3),
                Cores = Total(all, static result => result.Cpu.Cores),
                AvailableCores = all.Sum(static result => result.Cpu.AvailableCores),
                MachineBusy = all.Length == 1 ? all[0].Cpu.MachineBusy : null,
            },
            Histogram = new HistogramsResult
            {
                Corrected = HistogramCoder.Encode(corrected),
                Uncorrected = HistogramCoder.Encode(uncorrected),
                StartDelay = HistogramCoder.Encode(startDelay),
                Dns = HistogramCoder.Encode(dns),
                Connect = HistogramCoder.Encode(connect),
                Tls = HistogramCoder.Encode(tls),
                Queue = HistogramCoder.Encode(queue),
                FirstByte = HistogramCoder.Encode(firstByte),
            },
            Series = series,
            Merged = all.Sum(static result => result.Merged),
        };
    }

    private static AbortResult? FirstAborted(QuickResult[] all) => all.Select(static result => result.Aborted).OfType<AbortResult>()
        .OrderBy(static aborted => aborted.AtSeconds)
        .ThenBy(static aborted => aborted.Condition, StringComparer.Ordinal)
        .FirstOrDefault();

    private static PausesResult Pauses(QuickResult[] all) => new()
    {
        Count = all.Sum(static result => result.Pauses.Count),
        Seconds = Total(all, static result => result.Pauses.Seconds),
        DroppedArrivals = all.Sum(static result => result.Pauses.DroppedArrivals),
    };

    private static TargetResult Target(QuickResult[] all, WallClock clock) => all[0].Target with
    {
        Rate = clock.Together(static result => result.Target.Rate),
        DurationSeconds = all.Max(static result => result.Target.DurationSeconds),
        Arrivals = all.Sum(static result => result.Target.Arrivals),
        Users = all.Any(static result => result.Target.Users is null) ? null : all.Sum(static result => result.Target.Users),
        TimeoutSeconds = all.Max(static result => result.Target.TimeoutSeconds),
        MaxConnections = all.Any(static result => result.Target.MaxConnections is null)
            ? null
            : all.Sum(static result => result.Target.MaxConnections),
        Shard = all.Length == 1 ? all[0].Target.Shard : null,
    };

    private static Dictionary<string, CheckResult> Checks(QuickResult[] all)
    {
        Dictionary<string, long> Sum(Func<CheckResult, long> of) => Sums.Of(all.Select(result =>
            (IReadOnlyDictionary<string, long>)result.Checks.ToDictionary(
                static check => check.Key, check => of(check.Value), StringComparer.Ordinal)));
        Dictionary<string, long> passed = Sum(static check => check.Passed);
        Dictionary<string, long> failed = Sum(static check => check.Failed);
        return passed.ToDictionary(static pair => pair.Key, pair => new CheckResult(pair.Value, failed[pair.Key]), StringComparer.Ordinal);
    }

    /// <summary>Of several messages of a kind, the first of the alphabet: which was the last of all is not known.</summary>
    private static Dictionary<string, string> Examples(QuickResult[] all) => all
        .SelectMany(static result => result.ErrorExamples)
        .GroupBy(static example => example.Key, static example => example.Value, StringComparer.Ordinal)
        .OrderBy(static kind => kind.Key, StringComparer.Ordinal)
        .ToDictionary(static kind => kind.Key, static kind => kind.Min(StringComparer.Ordinal)!, StringComparer.Ordinal);

    private static LatencyHistogram Histogram(
        IReadOnlyList<NamedResult> parts,
        string name,
        Func<QuickResult, (string Text, DurationSummary Summary)> of)
    {
        var merged = new LatencyHistogram();
        long total = 0;
        foreach (NamedResult part in parts)
        {
            (string text, DurationSummary summary) = of(part.Result);
            try
            {
                LatencyHistogram own = Summaries.Restore(text, summary);
                if (own.Total != summary.Count)
                {
                    throw new FormatException($"it has {own.Total} values instead of {summary.Count}");
                }

                total = checked(total + own.Total);
                merged.Add(own);
            }
            catch (FormatException error)
            {
                throw new CommandFailure($"{part.Name} is damaged: its histogram '{name}': {error.Message}", error);
            }
        }

        return merged;
    }

    /// <summary>In ascending order, so that it does not depend on the order of the files, and to the microsecond.</summary>
    private static double Total(QuickResult[] all, Func<QuickResult, double> of) => Math.Round(all.Select(of).Order().Sum(), 6);
}
