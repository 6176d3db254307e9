using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>
/// Samples over time, at most <see cref="MaxPoints"/>: when there are more, each two become one, and so do those that follow.
/// </summary>
internal sealed class ProcessSeries
{
    public const int MaxPoints = 600;

    private readonly List<ProcessPoint> _points = [];
    private readonly List<ProcessPoint> _pending = [];
    private int _looksPerPoint = 1;

    public IReadOnlyList<ProcessPoint> Points => [.. _points, .. _pending.Count > 0 ? [Combine(_pending)] : Array.Empty<ProcessPoint>()];

    public void Add(ProcessPoint look)
    {
        _pending.Add(look);
        if (_pending.Count < _looksPerPoint)
        {
            return;
        }

        _points.Add(Combine(_pending));
        _pending.Clear();
        if (_points.Count == MaxPoints)
        {
            ProcessPoint[] halved = [.. _points.Chunk(2).Select(Combine)];
            _points.Clear();
            _points.AddRange(halved);
            _looksPerPoint *= 2;
        }
    }

    private static ProcessPoint Combine(IReadOnlyList<ProcessPoint> looks) => new(
        looks[0].At,
        Math.Round(looks.Average(static look => look.Cores), 3),
        looks.Max(static look => look.Descriptors),
        looks.Max(static look => look.Outgoing));
}
