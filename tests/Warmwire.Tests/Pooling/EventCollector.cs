using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace Warmwire.Tests.Pooling;

/// <summary>The log of the process, as text. Tests run side by side, so look for an origin of your own.</summary>
internal sealed class EventCollector : EventListener
{
    private readonly ConcurrentQueue<(string Name, string Text)> _events = new();

    public IEnumerable<string> Of(string name) => _events.Where(e => e.Name == name).Select(e => e.Text);

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Warmwire")
        {
            EnableEvents(eventSource, EventLevel.Warning);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
        _events?.Enqueue((eventData.EventName ?? "", string.Join(" ", eventData.Payload ?? Enumerable.Empty<object?>())));
}
