using Warmwire.Cli.Histograms;

namespace Warmwire.Cli.Quick.Load;

/// <summary>What happened in one second of a run.</summary>
internal sealed class LiveInterval
{
    public long Started;
    public long Responses;
    public long Errors;
    public long Opened;
    public long Closed;

    /// <summary>Open at its end so far.</summary>
    public long Open;
    public long PeakOpen;

    private LatencyHistogram? _latencies;

    /// <summary>Made when it is first needed: seconds in which the process was stopped have none.</summary>
    public LatencyHistogram Latencies => _latencies ??= new LatencyHistogram();

    public bool HasLatencies => _latencies is { Total: > 0 };

    /// <summary>Makes it the next one, in which nothing has happened.</summary>
    public void Begin(long open)
    {
        (Started, Responses, Errors, Opened, Closed, Open, PeakOpen) = (0, 0, 0, 0, 0, open, open);
        _latencies?.Clear();
    }
}
