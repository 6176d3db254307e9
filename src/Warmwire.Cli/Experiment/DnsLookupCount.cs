using System.Diagnostics.Tracing;

namespace Warmwire.Cli.Experiment;

/// <summary>Name lookups of this process, by the events of the framework's resolver, which every client here uses.</summary>
internal sealed class DnsLookupCount : EventListener
{
    private long _started;

    public long Started => Volatile.Read(ref _started);

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Net.NameResolution")
        {
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == "ResolutionStart")
        {
            Interlocked.Increment(ref _started);
        }
    }
}
