using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;

namespace Warmwire.Diagnostics;

/// <summary>The log: events of the provider <c>Warmwire</c>, with stable ids. docs/events.md lists them.</summary>
[EventSource(Name = "Warmwire")]
internal sealed class WarmwireEventSource : EventSource
{
    public static readonly WarmwireEventSource Log = new();

    private WarmwireEventSource()
    {
    }

    [Event(1, Level = EventLevel.Informational, Message = "{0}: opening a connection ({1})")]
    public void DialStarted(string origin, string reason) => WriteEvent(1, origin, reason);

    [Event(2, Level = EventLevel.Warning, Message = "{0}: a connection ({1}) could not be opened, at {2}: {3}")]
    public void DialFailed(string origin, string reason, string phase, string error)
    {
        if (IsEnabled(EventLevel.Warning, EventKeywords.None))
        {
            Write(2, origin, reason, phase, error);
        }
    }

    [Event(
        3,
        Level = EventLevel.Informational,
        Message = "{0}: connection {1} is open ({2}) to {3}; DNS {4} ms, connect {5} ms, TLS {6} ms")]
    public void ConnectionOpened(
        string origin, long connection, string reason, string remoteEndPoint, double dnsMs, double connectMs, double tlsMs) =>
        Write(3, origin, connection, reason, remoteEndPoint, dnsMs, connectMs, tlsMs);

    [Event(4, Level = EventLevel.Informational, Message = "{0}: connection {1} closed ({2}) after {3} ms")]
    public void ConnectionClosed(string origin, long connection, string reason, double ageMs) =>
        Write(4, origin, connection, reason, ageMs);

    [Event(5, Level = EventLevel.Verbose, Message = "{0}: a request waits for a connection, {1} ahead of it")]
    public void RequestQueued(string origin, int ahead) => WriteEvent(5, origin, ahead);

    [Event(6, Level = EventLevel.Informational, Message = "{0}: replay {1} of a request, on connection {2}")]
    public void RequestReplayed(string origin, int replay, long connection)
    {
        if (IsEnabled(EventLevel.Informational, EventKeywords.None))
        {
            Write(6, origin, replay, connection);
        }
    }

    [Event(
        7,
        Level = EventLevel.Warning,
        Message = "{0}: a response on connection {1} was never disposed; dispose every response, or read its body to the end. {2}")]
    public void ResponseLeaked(string origin, long connection, string stack)
    {
        if (IsEnabled(EventLevel.Warning, EventKeywords.None))
        {
            Write(7, origin, connection, stack);
        }
    }

    [Event(8, Level = EventLevel.Warning, Message = "{0}: the name could not be resolved again: {1}")]
    public void NameRefreshFailed(string origin, string error)
    {
        if (IsEnabled(EventLevel.Warning, EventKeywords.None))
        {
            WriteEvent(8, origin, error);
        }
    }

    [Event(9, Level = EventLevel.Warning, Message = "The event loop is not used: {0}")]
    public void EventLoopUnavailable(string reason) => WriteEvent(9, reason);

    [Event(10, Level = EventLevel.Warning, Message = "{0} is ignored, it has no such value: {1}")]
    public void SocketSettingIgnored(string setting, string value) => WriteEvent(10, setting, value);

    [Event(11, Level = EventLevel.Verbose, Message = "Code that blocks held up loop {0}; another thread leads it, {1} are held up")]
    public void LoopTakenOver(int loop, int blocked) => WriteEvent(11, loop, blocked);

    [Event(
        12,
        Level = EventLevel.Warning,
        Message = "Code that blocks takes most of the event loop's time; for {0} ms more loops are led than there are processors")]
    public void CodeBlocks(int milliseconds) => WriteEvent(12, milliseconds);

    [Event(13, Level = EventLevel.Warning, Message = "{0}: connection {1} used a part of {3} of what is allowed of {2}")]
    public void AllowanceUsed(string origin, long connection, string frames, double part)
    {
        if (IsEnabled(EventLevel.Warning, EventKeywords.None))
        {
            Write(13, origin, connection, frames, part);
        }
    }

    [Event(
        14,
        Level = EventLevel.Informational,
        Message = "{0}: {1} exchanges may be under way, {2} are; latency {4} ms, without load {3} ms")]
    public void ConcurrencyLimitMoved(string origin, int limit, int inFlight, double minMs, double sampledMs)
    {
        if (IsEnabled(EventLevel.Informational, EventKeywords.None))
        {
            Write(14, origin, limit, inFlight, minMs, sampledMs);
        }
    }

    [NonEvent]
    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2026",
        Justification = "Only primitive types and strings are passed, which need no reflection to be written.")]
    private void Write(int id, params object[] arguments) => WriteEvent(id, arguments);
}
