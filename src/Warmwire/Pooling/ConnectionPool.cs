using System.Diagnostics.CodeAnalysis;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Http1.Flow;
using Warmwire.Http2;
using Warmwire.Settings;
using Warmwire.Sockets;

namespace Warmwire.Pooling;

/// <summary>All connections of a handler: the pools of its origins, and what holds over all of them.</summary>
internal sealed class ConnectionPool : IDisposable
{
    private readonly OriginTable _origins = new();
    private readonly Func<Route, OriginPool> _makeOrigin;
    private readonly RecentOrigins _recent = new();
    private readonly Dialer _dialer;
    private readonly Sweeper _sweeper;
    private readonly Evictions? _evictions;
    private readonly ForgottenOrigins _forgotten = new();
    private readonly CancellationTokenSource _shutdown = new();
    private readonly TimeSpan _lookAfter;
    private readonly TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _refreshing;
    private int _occupied;
    private int _forgottenSinceKept;
    private volatile bool _draining;
    private volatile bool _closing;

    public ConnectionPool(ConnectionServices services, PoolEvents events)
    {
        Services = services;
        Events = events;
        Age = new ConnectionAge(services.Settings);
        Permits = new ConnectionPermits(services.Settings.MaxConnections);
        IdleOrder = new IdleOrder(services.Settings.MaxIdleConnections, services.Settings.MaxConnections);
        _makeOrigin = route => new OriginPool(this, route);
        _dialer = new Dialer(services.Settings);
        Names = new KnownNames(services.Settings, _shutdown.Token);
        _sweeper = new Sweeper(this, services.Time);
        _evictions = services.Settings.ShouldEvictConnection is { } shouldEvict
            ? new Evictions(this, shouldEvict, services.Time, _shutdown.Token)
            : null;
        _lookAfter = Shorter(services.Settings.PooledConnectionLifetime, services.Settings.DnsRefreshInterval);
    }

    public ConnectionServices Services { get; }

    public PoolEvents Events { get; }

    public ConnectionPermits Permits { get; }

    public ConnectionAge Age { get; }

    public IdleOrder IdleOrder { get; }

    /// <summary>Looks at origins on behalf of others or of the time.</summary>
    public VisitCount Visits { get; } = new();

    public KnownNames Names { get; }

    /// <summary>Makes a connection of a stream; tests have their own kind.</summary>
    public Func<Route, DialedStream, IMultiplexedConnectionOwner, ConnectionServices, HttpConnection> MakeConnection { get; init; } =
        static (route, stream, owner, services) =>
            stream.IsHttp2 ? new Http2Connection(route, stream, owner, services) : new Http1Connection(route, stream, owner, services);

    public IEnumerable<OriginPool> Origins => _origins.ToList();

    /// <summary>Origins that wait for their name to be resolved again.</summary>
    public int Refreshing => Volatile.Read(ref _refreshing);

    // ---- For the exchange -------------------------------------------------------------------------------------------

    /// <summary>
    /// Finds an idle connection, at once and without allocating. <see langword="false"/>: <see cref="LeaseAsync"/> has to be asked, and may
    /// find one still.
    /// </summary>
    public bool TryLeaseIdle(in RouteIdentity route, Attempt attempt, [NotNullWhen(true)] out HttpConnection? connection)
    {
        if (Find(route) is { } pool && pool.TryLeaseIdle(attempt, out connection))
        {
            return true;
        }

        connection = null;
        return false;
    }

    /// <summary>Finds or opens a connection.</summary>
    public ValueTask<HttpConnection> LeaseAsync(in RouteIdentity route, Attempt attempt, DialReason? replacementFor)
    {
        while (true)
        {
            OriginPool pool = Get(route);
            if (pool.TryLease(attempt, replacementFor, out ValueTask<HttpConnection> connection))
            {
                return connection;
            }

            _recent.Forget(route, pool);
        }
    }

    public async Task<int> PrewarmAsync(RouteIdentity route, int connections, CancellationToken cancellationToken)
    {
        List<Task<TransportException?>>? dials;
        OriginPool pool;
        while (!(pool = Get(route)).TryPrewarm(connections, out dials))
        {
            _recent.Forget(route, pool);
        }

        TransportException?[] outcomes = await Task.WhenAll(dials).WaitAsync(cancellationToken).ConfigureAwait(false);
        int opened = outcomes.Count(static failure => failure is null);
        return opened == 0 && outcomes.Length > 0 ? throw outcomes[0]! : opened;
    }

    public int CloseIdleConnections() => _origins.ToList().Sum(static origin => origin.CloseIdle(CloseReason.ClosedByUser));

    public PoolSnapshot GetSnapshot()
    {
        // Story: a sweep forgets an origin while the snapshots of the others are made. It is in the list or in the sum, never in both or in
        // neither.
        (List<OriginPool> inUse, OriginSnapshot? forgotten) = _forgotten.Read(_origins);
        var origins = inUse
            .Select(static origin => origin.GetSnapshot())
            .OrderBy(static origin => origin.Origin, StringComparer.Ordinal)
            .ToList();
        if (forgotten is not null)
        {
            origins.Add(forgotten);
        }

        return new PoolSnapshot(origins, Services.Time.GetUtcNow())
        {
            NamesRefreshing = Refreshing,
            Engine = Services.Settings.SocketBackEnd == SocketBackEnd.EventLoop ? EventLoopGroup.SharedIfMade?.Describe() : null,
        };
    }

    private OriginPool? Find(in RouteIdentity route)
    {
        if (_recent.Find(route) is { } recent)
        {
            return recent;
        }

        if (_origins.Find(route) is not { } known)
        {
            return null;
        }

        _recent.Remember(route, known);
        return known;
    }

    private OriginPool Get(in RouteIdentity route)
    {
        if (Find(route) is { } known)
        {
            return known;
        }

        OriginPool pool = _origins.GetOrAdd(route, _makeOrigin);

        // Also an origin that never gets as far as a dial is to be forgotten one day.
        _sweeper.Expect(pool, PoolLimits.SweepAtLeastEvery, Services.Time.GetTimestamp());
        if (_draining)
        {
            pool.BeginDrain();
        }

        if (_closing)
        {
            // Story: the handler is disposed between the look-up and here, and its walk over the origins has missed this one.
            pool.End();
        }

        return pool;
    }

    // ---- For the pools of the origins -------------------------------------------------------------------------------

    public async Task<DialedStream> DialAsync(OriginPool origin, PoolWaiter? waiter, bool http1Only)
    {
        HandlerSettings settings = Services.Settings;
        bool resolves = origin.Route.CanBeResolved && settings.ConnectCallback is null;
        bool keeps = settings.DnsRefreshInterval != Timeout.InfiniteTimeSpan;
        DialAddresses? addresses = resolves ? new DialAddresses(this, origin, keeps ? Names.Of(origin.Route.DialedHost.Host) : null) : null;
        DialRequest request = RequestFor(origin.Route, waiter, http1Only, addresses);
        origin.Dials(request.Progress, waiter);
        DialedStream? stream = null;
        try
        {
            stream = await _dialer.DialAsync(request, _shutdown.Token).ConfigureAwait(false);
            return stream;
        }
        finally
        {
            addresses?.End(isOpen: stream is not null);
        }
    }

    private DialRequest RequestFor(Route route, PoolWaiter? waiter, bool http1Only, DialAddresses? addresses)
    {
        Attempt? attempt = waiter?.Attempt;
        HandlerSettings settings = Services.Settings;
        return new DialRequest
        {
            Route = route,
            Addresses = addresses,
            Http1Only = http1Only,
            InitialRequest = attempt?.Request,
            IsSynchronous = attempt?.Settings.IsSynchronous == true,
            ConnectTimeout = attempt?.Settings.ConnectTimeout ?? settings.ConnectTimeout,
            TlsHandshakeTimeout = attempt?.Settings.TlsHandshakeTimeout ?? settings.TlsHandshakeTimeout,
            ConnectTimeoutBoundsTls = attempt?.Settings.ConnectTimeoutBoundsTls ?? settings.OwnTlsHandshakeTimeout is null,
            Caller = waiter?.Context is { } context ? new CallerContext(context) : null,
            Trace = attempt?.Settings.Trace,
        };
    }

    public HttpConnection CreateConnection(Route route, DialedStream stream, OriginPool owner)
    {
        try
        {
            return MakeConnection(route, stream, owner, Services);
        }
        catch
        {
            stream.Stream.Dispose();
            throw;
        }
    }

    /// <summary>Takes a permit, at the cost of the least recently used idle connection if need be.</summary>
    public bool TryTakePermit()
    {
        while (!Permits.TryTake())
        {
            if (!CloseLeastRecentlyUsed(CloseReason.MadeRoom))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A connection has become idle.</summary>
    /// <param name="origin">Its origin.</param>
    /// <param name="idleLimit">How long it may be.</param>
    /// <param name="now">The time.</param>
    /// <param name="isSurplus">Whether its origin has more idle ones than it keeps.</param>
    public void BecameIdle(OriginPool origin, TimeSpan idleLimit, long now, bool isSurplus)
    {
        TimeSpan due = Shorter(idleLimit, _lookAfter);
        _sweeper.Expect(origin, isSurplus ? Shorter(due, PoolLimits.KeepSurplusIdle) : due, now);
        if (IdleOrder.IsPassed)
        {
            _sweeper.ExpectSurplus(PoolLimits.KeepSurplusIdle, now);
        }
    }

    /// <summary>Whether there are too few permits: then <see cref="Relieve"/> has something to do.</summary>
    public bool IsCrowded => Permits.HasStarved;

    /// <summary>Closes an idle connection where another origin waits for a permit.</summary>
    public void Relieve()
    {
        if (Permits.HasStarved)
        {
            MakeRoomForStarved();
        }
    }

    /// <summary>Closes an idle connection for the first origin in line that still needs its permit.</summary>
    public void MakeRoomForStarved()
    {
        while (Permits.FirstInLine() is { } first)
        {
            if (first.NeedsPermit)
            {
                CloseLeastRecentlyUsed(CloseReason.MadeRoom);
                return;
            }

            // Those it stood in line for are served or gone. Story: another request comes to it at this moment and finds it still in line.
            // So it is asked once more after it has left.
            Permits.LeaveLine(first);
            first.LeftLine();
        }
    }

    /// <summary>Something will be due after this time, if any.</summary>
    public void ExpectSweep(OriginPool origin, TimeSpan? after, long now)
    {
        if (after is { } due)
        {
            _sweeper.Expect(origin, due, now);
        }
    }

    /// <summary>A connection was opened; it has a lifetime, and an address that may leave its name.</summary>
    public void Opened(OriginPool origin)
    {
        _sweeper.Expect(origin, _lookAfter, Services.Time.GetTimestamp());
        _evictions?.Opened();
    }

    /// <summary>An origin has become empty, or is not any more. Its lock is held.</summary>
    public void CountOccupied(bool isOccupied) => Interlocked.Add(ref _occupied, isOccupied ? 1 : -1);

    /// <summary>The last connection, dial or waiter of an origin has gone.</summary>
    public void Emptied(OriginPool origin) => _sweeper.Expect(origin, PoolLimits.KeepUnusedOrigin, Services.Time.GetTimestamp());

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) =>
        one == Timeout.InfiniteTimeSpan ? other
        : other == Timeout.InfiniteTimeSpan || one < other ? one
        : other;

    private bool CloseLeastRecentlyUsed(CloseReason reason)
    {
        while (IdleOrder.Oldest(out long since) is { } oldest)
        {
            if (oldest.Origin.TryCloseIdle(oldest, since, reason))
            {
                return true;
            }

            // It was leased since; the next one.
        }

        return false;
    }

    // ---- Time -------------------------------------------------------------------------------------------------------

    /// <summary>Looks after the origins that are due: closes what is old, resolves names again, forgets unused origins.</summary>
    /// <returns>
    /// When the surplus of all is to be looked at; <see langword="null"/> if there is none. The sweeper knows when origins are due.
    /// </returns>
    public TimeSpan? Sweep(long now)
    {
        for (int i = 0; i < PoolLimits.OriginsPerSweep && _sweeper.TakeDue(now) is { } origin; i++)
        {
            OriginVisit visit = origin.LookAfter(now);
            if (visit.RefreshesName)
            {
                _ = RefreshAsync(origin);
            }

            if (visit.History is { } history)
            {
                _forgotten.Move(_origins, origin, history);
                Interlocked.Increment(ref _forgottenSinceKept);
            }

            if (visit.Next is { } next)
            {
                _sweeper.ExpectAgain(origin, next, now);
            }
        }

        // A walk over all origins, paid for by those that have gone since the last one. Sweeps may overlap.
        int forgotten = Volatile.Read(ref _forgottenSinceKept);
        if (forgotten > 0 && forgotten > _origins.Count && Interlocked.CompareExchange(ref _forgottenSinceKept, 0, forgotten) == forgotten)
        {
            Names.Keep(_origins.ToList().Select(static origin => origin.Route.DialedHost.Host));
        }

        return CloseSurplus(now);
    }

    /// <summary>Closes the least recently used of all while the idle total is passed and they have been idle long enough.</summary>
    /// <returns>When the next one will have been.</returns>
    private TimeSpan? CloseSurplus(long now)
    {
        while (IdleOrder.IsPassed && IdleOrder.Oldest(out long since) is { } oldest)
        {
            TimeSpan left = PoolLimits.KeepSurplusIdle - Services.Time.GetElapsedTime(since, now);
            if (left > TimeSpan.Zero)
            {
                return left;
            }

            oldest.Origin.TryCloseIdle(oldest, since, CloseReason.IdleLimit);
        }

        return null;
    }

    private async Task RefreshAsync(OriginPool origin)
    {
        if (!Names.Of(origin.Route.DialedHost.Host).TryRefresh(origin.SeenVersion, out Task<DatedAnswer>? lookUp))
        {
            return;
        }

        Interlocked.Increment(ref _refreshing);
        try
        {
            origin.Answered(await lookUp.ConfigureAwait(false));
            Events.Refreshed(origin.Route, error: null);
        }
        catch (Exception e)
        {
            // A name server that fails is no reason to close what works.
            Events.Refreshed(origin.Route, e);
        }
        finally
        {
            Interlocked.Decrement(ref _refreshing);
        }
    }

    // ---- The end ----------------------------------------------------------------------------------------------------

    /// <summary>Closes what is idle and lets the exchanges that are under way come to their end.</summary>
    /// <returns>Ends when the last connection is closed.</returns>
    public Task DrainAsync()
    {
        _draining = true;
        foreach (OriginPool origin in _origins.ToList())
        {
            origin.BeginDrain();
        }

        CheckEmpty();
        return _emptied.Task;
    }

    /// <summary>
    /// Closes every connection; requests that have no response yet fail. A connection that a caller still reads from is closed behind that.
    /// </summary>
    public void Dispose() => Close(static origin => origin.End());

    /// <summary>Closes every connection whatever it does; bodies, tunnels and upgraded streams fail too.</summary>
    public void Abort() => Close(static origin => origin.Abort());

    private void Close(Action<OriginPool> end)
    {
        _closing = true;
        _sweeper.Dispose();
        _evictions?.Dispose();
        foreach (OriginPool origin in _origins.ToList())
        {
            end(origin);
        }

        // Story: a ConnectCallback has registered something with the token of its dial, and that throws or blocks. So the connections are
        // closed before it runs, and it runs on the thread pool: it may wait for something that the disposing thread holds.
        _ = _shutdown.CancelAsync().ContinueWith(
            static cancelled => _ = cancelled.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        CheckEmpty();
    }

    /// <summary>A drain is over with the last connection, and so is the need for deadlines once the handler is disposed.</summary>
    public void CheckEmpty()
    {
        if ((!_draining && !_closing) || Volatile.Read(ref _occupied) > 0)
        {
            return;
        }

        _emptied.TrySetResult();
        if (_closing)
        {
            // Not before: a body that goes on has its time limits.
            Services.Deadlines.Dispose();
        }
    }
}
