namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// The current second and those that have ended and were not fetched yet. Packing them takes longer than a request should wait, so who
/// reads does that. Not safe for threads: <see cref="RunRecorder"/> has the lock.
/// </summary>
internal sealed class LiveSeries
{
    private const long Second = 1_000_000_000;

    /// <summary>More are never needed at a time while the process runs; what a pause has made is not kept.</summary>
    private const int MostSpare = 4;

    private readonly Queue<LiveInterval> _ended = new();
    private readonly Stack<LiveInterval> _spare = new();
    private long _end = Second;

    public LiveInterval Current { get; private set; } = new();

    /// <summary>Makes the second of this time the current one.</summary>
    public LiveInterval At(long time)
    {
        while (time >= _end)
        {
            LiveInterval next = _spare.Count > 0 ? _spare.Pop() : new LiveInterval();
            next.Begin(Current.Open);
            _ended.Enqueue(Current);
            Current = next;
            _end += Second;
        }

        return Current;
    }

    public LiveInterval? TakeEnded() => _ended.Count > 0 ? _ended.Dequeue() : null;

    public void GiveBack(LiveInterval interval)
    {
        if (_spare.Count < MostSpare)
        {
            _spare.Push(interval);
        }
    }
}
