using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Xml.Linq;
using Warmwire.Diagnostics;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Tests.Telemetry;

public sealed class EventSourceTests
{
    /// <summary>Ids are for ever: tools and alerts are made of them.</summary>
    private static readonly Dictionary<int, string> s_events = new()
    {
        [1] = "DialStarted",
        [2] = "DialFailed",
        [3] = "ConnectionOpened",
        [4] = "ConnectionClosed",
        [5] = "RequestQueued",
        [6] = "RequestReplayed",
        [7] = "ResponseLeaked",
        [8] = "NameRefreshFailed",
        [9] = "EventLoopUnavailable",
        [10] = "SocketSettingIgnored",
        [11] = "LoopTakenOver",
        [12] = "CodeBlocks",
        [13] = "AllowanceUsed",
        [14] = "ConcurrencyLimitMoved",
    };

    [Fact]
    public void The_manifest_is_valid_and_has_the_events_under_their_ids()
    {
        Assert.Null(WarmwireEventSource.Log.ConstructionException);
        Assert.Equal("Warmwire", WarmwireEventSource.Log.Name);
        string manifest = EventSource.GenerateManifest(
            typeof(WarmwireEventSource), "Warmwire.dll", EventManifestOptions.Strict | EventManifestOptions.AllCultures)!;
        // 0 is every source's own
        Dictionary<int, string> found = XDocument.Parse(manifest).Descendants().Where(
            element => element.Name.LocalName == "event" && (int)element.Attribute("value")! != 0)
            .ToDictionary(element => (int)element.Attribute("value")!, element => (string)element.Attribute("symbol")!);
        Assert.Equal(s_events, found);
    }

    [Fact]
    public async Task Connections_tell_of_their_lives()
    {
        using var listener = new Listener();
        await using var server = new ParityServer(_ => Reply.Ok());
        using (var client = new HttpClient(new PooledHttpHandler { UseProxy = false }))
        {
            await client.GetStringAsync(server.Uri);
            await client.GetStringAsync(server.Uri);
        }

        string origin = $"http://127.0.0.1:{server.Port}";
        await Eventually.IsTrue(() => listener.Of(origin).Any(entry => entry.EventId == 4), "the close is told");
        IReadOnlyList<EventWrittenEventArgs> events = listener.Of(origin);
        Assert.Equal([1, 3, 4], events.Select(entry => entry.EventId));
        Assert.All(events, entry => Assert.Equal(s_events[entry.EventId], entry.EventName));
        Assert.Equal([origin, "First"], events[0].Payload!);
        Assert.Equal($"127.0.0.1:{server.Port}", events[1].Payload![3]);
        Assert.Equal(events[1].Payload![1], events[2].Payload![1]);
        Assert.Equal("Disposed", events[2].Payload![2]);
        Assert.All(events, entry => Assert.Equal(entry.Payload!.Count, entry.PayloadNames!.Count));
    }

    [Fact]
    public async Task A_failed_dial_and_a_replay_are_told()
    {
        using var listener = new Listener();
        int requests = 0;
        await using var server = new ParityServer(_ => ++requests == 2 ? Reply.Nothing : Reply.Ok());
        using (var client = new HttpClient(new PooledHttpHandler { UseProxy = false }))
        {
            await client.GetStringAsync(server.Uri);
            await client.GetStringAsync(server.Uri);
        }

        Assert.Single(listener.Of($"http://127.0.0.1:{server.Port}"), entry => entry.EventId == 6);
        using (var failing = new HttpClient(new PooledHttpHandler
        {
            UseProxy = false,
            ConnectCallback = (_, _) => throw new IOException("no network"),
        }))
        {
            await Assert.ThrowsAsync<TransportException>(() => failing.GetStringAsync("http://events.test/"));
        }

        EventWrittenEventArgs failed = Assert.Single(listener.Of("http://events.test:80"), entry => entry.EventId == 2);
        Assert.Equal(EventLevel.Warning, failed.Level);
        Assert.Contains("no network", (string)failed.Payload![3]!, StringComparison.Ordinal);
    }

    private sealed class Listener : EventListener
    {
        private readonly ConcurrentQueue<EventWrittenEventArgs> _events = new();

        /// <summary>The events of one origin, which is the first value of each.</summary>
        public IReadOnlyList<EventWrittenEventArgs> Of(string origin) => [.. _events.Where(entry => Equals(entry.Payload?[0], origin))];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Warmwire")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventSource.Name == "Warmwire")
            {
                _events.Enqueue(eventData);
            }
        }
    }
}
