using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;
using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Events;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Every connection to one origin, from its dial to its close, as the transport's events tell it, and how many exchanges each was given.
/// </summary>
internal sealed class ConnectionLog : EventListener
{
    /// <summary>Of a load that redirects lead on, later origins are not counted.</summary>
    private const int MaxOrigins = 1_000;

    private readonly ConcurrentDictionary<string, bool>? _origins;
    private readonly Action? _onOpened;
    private readonly Action? _onClosed;
    private readonly TransportEventReader _reader = new();
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<long, Exchanges> _open = new();
    private RequestCounts _ended = new();
    private long _openAtStart;
    private long _openedBefore;
    private readonly Dictionary<CloseReason, long> _closedBy = [];
    private readonly Dictionary<string, long> _dialedBy = new(StringComparer.Ordinal);
    private long _opened;
    private long _closed;
    private long _peakOpen;
    private long _failedDials;
    private long _tlsHandshakes;
    private long _exchanges;
    private long _reused;
    private InvalidDataException? _unreadable;

    /// <param name="url">Where connections lead to. Those of others in this process are not counted.</param>
    /// <param name="onOpened">Told under a lock of each connection opened, when it is counted.</param>
    /// <param name="onClosed">Told under a lock of each connection closed.</param>
    public ConnectionLog(Uri url, Action? onOpened = null, Action? onClosed = null)
    {
        _origins = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal) { [OriginOf(url)] = true };
        _onOpened = onOpened;
        _onClosed = onClosed;
        Trace = new RequestTrace { GetConnection = AddOrigin, GotConnection = Leased };
        UncountedTrace = new RequestTrace { GetConnection = AddOrigin };
    }

    /// <summary>To be set on each request, so that it is counted for its connection. One object for all.</summary>
    public RequestTrace Trace { get; }

    /// <summary>To be set on requests of a warm-up: only their connections are counted.</summary>
    public RequestTrace UncountedTrace { get; }

    public LatencyHistogram Dns { get; } = new();

    public LatencyHistogram Connect { get; } = new();

    public LatencyHistogram Tls { get; } = new();

    public long Opened => Volatile.Read(ref _opened);

    public long Open => Volatile.Read(ref _openAtStart) + Opened - Volatile.Read(ref _closed);

    /// <summary>Also those of the warm-up.</summary>
    public long EverOpened => Volatile.Read(ref _openedBefore) + Opened;

    public long PeakOpen => Volatile.Read(ref _peakOpen);

    /// <summary>The share of exchanges that went over a connection which had served one before.</summary>
    public double ReuseRatio => Ratio(Volatile.Read(ref _reused), Volatile.Read(ref _exchanges));

    /// <summary>Connections that were closed so far, by reason.</summary>
    public IReadOnlyDictionary<string, long> GetClosedBy()
    {
        lock (_gate)
        {
            return Ordered(_closedBy);
        }
    }

    public ConnectionsResult GetResult(int? timeWait)
    {
        ThrowIfUnreadable();
        lock (_gate)
        {
            RequestCounts counts = _ended.Copy();
            foreach (Exchanges open in _open.Values)
            {
                counts.Add(open.Count);
            }

            long byServer = _closedBy.Where(static pair => ClosingSide.IsServer(pair.Key)).Sum(static pair => pair.Value);
            return new ConnectionsResult
            {
                Opened = _opened,
                OpenAtStart = _openAtStart,
                PeakOpen = _peakOpen,
                FailedDials = _failedDials,
                Exchanges = Volatile.Read(ref _exchanges),
                ReuseRatio = ReuseRatio,
                RequestsPerConnection = counts.GetResult(),
                TlsHandshakes = _tlsHandshakes,
                ClosedBy = Ordered(_closedBy),
                ClosedByServer = byServer,
                ClosedByClient = _closedBy.Values.Sum() - byServer,
                DialedBy = Ordered(_dialedBy),
                TimeWait = timeWait,
            };
        }
    }

    /// <summary>A warm-up ends: what was counted until now is not counted, except for which connections are open.</summary>
    /// <param name="begin">Told under the lock how many those are.</param>
    public void Begin(Action<long> begin)
    {
        lock (_gate)
        {
            _openAtStart += _opened - _closed;
            _openedBefore += _opened;
            (_opened, _closed, _failedDials, _tlsHandshakes, _peakOpen) = (0, 0, 0, 0, _openAtStart);
            _closedBy.Clear();
            _dialedBy.Clear();
            _ended = new RequestCounts();
            Dns.Clear();
            Connect.Clear();
            Tls.Clear();
            begin(_openAtStart);
        }
    }

    /// <summary>The origin as the transport writes it in its events: always with the port.</summary>
    internal static string OriginOf(Uri url)
    {
        string host = url.IdnHost;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{url.Scheme}://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{url.Port}");
    }

    public static double Ratio(long reused, long exchanges) => exchanges == 0 ? 0 : (double)reused / exchanges;

    /// <summary>Throws if an event could not be read, in which case the counts are wrong.</summary>
    /// <exception cref="CommandFailure">An event did not have the values that it is known for.</exception>
    public void ThrowIfUnreadable()
    {
        if (Volatile.Read(ref _unreadable) is { } error)
        {
            throw new CommandFailure($"connections cannot be counted: {error.Message}", error, ExitCodes.CouldNotRun);
        }
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == TransportEventReader.SourceName)
        {
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        try
        {
            // The base class may pass events on before the constructor has set the origin.
            if (_origins is not null && _reader.Read(eventData) is { } read && _origins.ContainsKey(read.Origin))
            {
                Take(read);
            }
        }
        catch (InvalidDataException error)
        {
            // What is thrown here would reach nobody.
            Volatile.Write(ref _unreadable, error);
        }
    }

    private void Take(TransportEvent read)
    {
        switch (read)
        {
            case TransportEvent.DialStarted dial:
                lock (_gate)
                {
                    Count(_dialedBy, dial.Reason);
                }

                break;
            case TransportEvent.DialFailed:
                Interlocked.Increment(ref _failedDials);
                break;
            case TransportEvent.ConnectionOpened opened:
                OnOpened(opened);
                break;
            case TransportEvent.ConnectionClosed closed:
                OnClosed(closed.Connection, closed.Reason);
                break;
            default:
                break;
        }
    }

    private void OnOpened(TransportEvent.ConnectionOpened opened)
    {
        _open.GetOrAdd(opened.Connection, static _ => new Exchanges());
        bool hasTls = opened.TlsMs > 0;
        lock (_gate)
        {
            Dns.Record(Nanoseconds(opened.DnsMs));
            Connect.Record(Nanoseconds(opened.ConnectMs));
            if (hasTls)
            {
                Tls.Record(Nanoseconds(opened.TlsMs));
            }

            _opened++;
            _tlsHandshakes += hasTls ? 1 : 0;
            _peakOpen = Math.Max(_peakOpen, _openAtStart + _opened - _closed);
            _onOpened?.Invoke();
        }
    }

    private void OnClosed(long id, CloseReason reason)
    {
        lock (_gate)
        {
            _closed++;
            Count(_closedBy, reason);
            if (_open.TryRemove(id, out Exchanges? exchanges))
            {
                _ended.Add(exchanges.Count);
            }

            _onClosed?.Invoke();
        }
    }

    private void AddOrigin(string origin)
    {
        if (!_origins!.ContainsKey(origin) && _origins.Count < MaxOrigins)
        {
            _origins[origin] = true;
        }
    }

    private void Leased(GotConnectionInfo info)
    {
        if (_open.TryGetValue(info.ConnectionId, out Exchanges? exchanges))
        {
            Interlocked.Increment(ref exchanges.Count);
        }

        Interlocked.Increment(ref _exchanges);
        if (info.Reused)
        {
            Interlocked.Increment(ref _reused);
        }
    }

    private static void Count<TKey>(Dictionary<TKey, long> counts, TKey key)
        where TKey : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;

    private static SortedDictionary<string, long> Ordered<TKey>(Dictionary<TKey, long> counts)
        where TKey : notnull =>
        new(
            counts.ToDictionary(static pair => pair.Key.ToString()!, static pair => pair.Value, StringComparer.Ordinal),
            StringComparer.Ordinal);

    private static long Nanoseconds(double milliseconds) => (long)(milliseconds * 1e6);

    private sealed class Exchanges
    {
        public long Count;
    }
}
