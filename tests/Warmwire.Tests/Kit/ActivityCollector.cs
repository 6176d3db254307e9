using System.Collections.Concurrent;
using System.Diagnostics;

namespace Warmwire.Tests.Kit;

/// <summary>Records the activities of the source "Warmwire".</summary>
/// <remarks>It hears the whole process; pass a filter where tests that run side by side could be heard too.</remarks>
public sealed class ActivityCollector : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _started = new();
    private readonly ConcurrentQueue<Activity> _stopped = new();
    private readonly Func<Activity, bool> _filter;

    /// <param name="filter">Judges an activity at the time it is asked for, when its tags are set.</param>
    /// <param name="source">The name of the source.</param>
    public ActivityCollector(Func<Activity, bool>? filter = null, string source = "Warmwire")
    {
        _filter = filter ?? (_ => true);
        _listener = new ActivityListener
        {
            ShouldListenTo = candidate => candidate.Name == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            SampleUsingParentId = (ref ActivityCreationOptions<string> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = _started.Enqueue,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyList<Activity> Started => [.. _started.Where(_filter)];

    public IReadOnlyList<Activity> Stopped => [.. _stopped.Where(_filter)];

    public void Dispose() => _listener.Dispose();
}
