using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Warmwire.Cli.Quick.Events;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Events;

public sealed class TransportEventReaderTests
{
    [Fact]
    public async Task Every_event_that_is_read_is_declared_by_the_library_with_its_values()
    {
        using var listener = new Listener(TransportEventReader.SourceName);
        await FailToConnectAsync();
        Dictionary<string, string[]> declared = EventSource.GetSources()
            .Single(static source => source.Name == TransportEventReader.SourceName)
            .GetType()
            .GetMethods()
            .Where(static method => method.GetCustomAttribute<EventAttribute>() is not null)
            .ToDictionary(
                static method => method.Name,
                static method => method.GetParameters().Select(static value => value.Name!).ToArray(),
                StringComparer.Ordinal);
        Assert.All(TransportEventReader.Needed, needed => Assert.Empty(needed.Value.Except(declared[needed.Key], StringComparer.Ordinal)));
        Assert.Equal(
            typeof(TransportEvent).GetNestedTypes(BindingFlags.NonPublic).Select(static type => type.Name).Order(StringComparer.Ordinal),
            TransportEventReader.Needed.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_real_connection_is_read_from_its_dial_to_its_close()
    {
        using var listener = new Listener(TransportEventReader.SourceName);
        await using LoadTarget target = await LoadTarget.StartAsync("hello");
        string origin = $"http://{target.Url.Host}:{target.Url.Port}";
        using (var client = new HttpClient(new PooledHttpHandler()))
        {
            await client.GetStringAsync(target.Url, TestContext.Current.CancellationToken);
        }

        TransportEvent[] events = await listener.WaitAsync(origin, 3);
        Assert.Equal(new TransportEvent.DialStarted(origin, nameof(DialReason.First)), events[0]);
        TransportEvent.ConnectionOpened opened = Assert.IsType<TransportEvent.ConnectionOpened>(events[1]);
        Assert.InRange(opened.ConnectMs, 0.001, 60_000);
        Assert.InRange(opened.DnsMs, 0, 60_000);
        Assert.Equal(0, opened.TlsMs);
        Assert.Equal(new TransportEvent.ConnectionClosed(origin, opened.Connection, CloseReason.Disposed), events[2]);
    }

    [Fact]
    public async Task A_real_dial_that_fails_is_read_with_its_error()
    {
        using var listener = new Listener(TransportEventReader.SourceName);
        string origin = await FailToConnectAsync();
        TransportEvent[] events = await listener.WaitAsync(origin, 2);
        Assert.Single(events.OfType<TransportEvent.DialStarted>());
        TransportEvent.DialFailed failed = Assert.Single(events.OfType<TransportEvent.DialFailed>());
        Assert.Contains("refused", failed.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Values_are_found_by_their_names_wherever_they_are()
    {
        using var source = new ChangedSource();
        using var listener = new Listener(source);
        source.ConnectionClosed("Lifetime", "extra", 7, "http://a:80");
        source.Unknown("http://a:80");
        Assert.Equal(new TransportEvent.ConnectionClosed("http://a:80", 7, CloseReason.Lifetime), Assert.Single(listener.Read));
        Assert.Empty(listener.Errors);
    }

    [Fact]
    public void An_event_without_one_of_its_values_is_an_error()
    {
        using var source = new ChangedSource();
        using var listener = new Listener(source);
        source.DialFailed("http://a:80", "First");
        Assert.Equal("the transport's event DialFailed has no value 'error', only origin, reason", Assert.Single(listener.Errors));
    }

    [Fact]
    public void A_value_of_another_type_is_an_error()
    {
        using var source = new ChangedSource();
        using var listener = new Listener(source);
        source.ConnectionOpened("http://a:80", "seven", 1, 2, 3);
        Assert.Equal("the value 'connection' of the transport's event ConnectionOpened is not a Int64", Assert.Single(listener.Errors));
    }

    [Fact]
    public void An_unknown_reason_is_an_error()
    {
        using var source = new ChangedSource();
        using var listener = new Listener(source);
        source.ConnectionClosed("Whim", "", 7, "http://a:80");
        Assert.Equal("'Whim' is not a reason for which the transport closes connections", Assert.Single(listener.Errors));
    }

    /// <returns>The origin that refused.</returns>
    private static async Task<string> FailToConnectAsync()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: refuses
        string origin = $"http://{bound.LocalEndPoint}";
        using var client = new HttpClient(new PooledHttpHandler());
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetAsync(new Uri(origin), TestContext.Current.CancellationToken));
        return origin;
    }

    /// <summary>What the transport would be if its events had changed.</summary>
    [EventSource(Name = "Warmwire-Changed")]
    internal sealed class ChangedSource : EventSource
    {
        [Event(2, Level = EventLevel.Informational)]
        public void DialFailed(string origin, string reason) => WriteEvent(2, origin, reason);

        [Event(3, Level = EventLevel.Informational)]
        public void ConnectionOpened(string origin, string connection, double dnsMs, double connectMs, double tlsMs) =>
            WriteEvent(3, origin, connection, dnsMs, connectMs, tlsMs);

        [Event(4, Level = EventLevel.Informational)]
        public void ConnectionClosed(string reason, string note, long connection, string origin) =>
            WriteEvent(4, reason, note, connection, origin);

        [Event(5, Level = EventLevel.Informational)]
        public void Unknown(string origin) => WriteEvent(5, origin);
    }

    private sealed class Listener : EventListener
    {
        private readonly TransportEventReader _reader = new();
        private readonly string? _name;

        public Listener(string name)
        {
            _name = name;
            foreach (EventSource source in EventSource.GetSources().Where(source => source.Name == name))
            {
                EnableEvents(source, EventLevel.Informational);
            }
        }

        public Listener(EventSource source) => EnableEvents(source, EventLevel.Informational);

        public ConcurrentQueue<TransportEvent> Read { get; } = new();

        public ConcurrentQueue<string> Errors { get; } = new();

        /// <summary>The events of an origin, once there are so many.</summary>
        public async Task<TransportEvent[]> WaitAsync(string origin, int count)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(30));
            TransportEvent[] events;
            while ((events = [.. Read.Where(read => read.Origin == origin)]).Length < count)
            {
                Assert.Empty(Errors);
                limit.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            return events;
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (_name is not null && eventSource.Name == _name)
            {
                EnableEvents(eventSource, EventLevel.Informational);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            try
            {
                if (_reader.Read(eventData) is { } read)
                {
                    Read.Enqueue(read);
                }
            }
            catch (InvalidDataException error)
            {
                Errors.Enqueue(error.Message);
            }
        }
    }
}
