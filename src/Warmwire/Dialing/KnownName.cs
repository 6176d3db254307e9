using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>
/// One name: its newest answer, the one look-up that is under way, and the pause after look-ups that failed. An old answer goes on serving
/// whatever becomes of newer look-ups.
/// </summary>
/// <remarks>
/// The first look-up of a name begins at once; the system's resolver has its own line. One for a name that has an answer waits for one of
/// <see cref="NameLimits.Refreshes"/> slots of the process. Story: the name server was gone, 200 names in use were resolved again, each
/// look-up blocked a thread of the pool for seconds, and everything else there waited for two.
/// </remarks>
internal sealed class KnownName(string host, HandlerSettings settings, CancellationToken stop)
{
    private readonly TimeProvider _time = settings.TimeProvider;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private Task<DatedAnswer>? _lookUp;
    private FirstLookUp? _first;
    private bool _isRefresh;
    private long _begunAt;
    private long _lastVersion;
    private int _failures;
    private long _failedAt;
    private TimeSpan _pause;

    // Written under the gate, read without it.
    private volatile DatedAnswer? _newest;

    /// <summary>The answer for a dial: the newest, if it may serve yet, or the one of a look-up.</summary>
    /// <param name="again">The newest answer did not lead to a connection.</param>
    /// <param name="wait">Is told what the dial waits for.</param>
    /// <param name="cancellationToken">Ends the wait, and not a look-up that has begun.</param>
    public async ValueTask<DatedAnswer> ForDialAsync(bool again, DialWait wait, CancellationToken cancellationToken)
    {
        Task<DatedAnswer>? lookUp;
        FirstLookUp? first = null;
        DatedAnswer? newest;
        lock (_gate)
        {
            newest = _newest;
            long now = _time.GetTimestamp();
            bool isUnderWay = _lookUp is { IsCompleted: false };
            bool isYoung = newest is not null
                && _time.GetElapsedTime(newest.At, now) <= NameLimits.Life(newest.TimeToLive, settings.DnsRefreshInterval);
            if (newest is not null && !again && (isYoung || isUnderWay))
            {
                return newest;
            }

            TryBegin_NeedsLock(isRefresh: newest is not null, now, out lookUp);
            if (newest is not null && !again && _failures > 0)
            {
                // The name server has failed before, so nobody waits for it.
                return newest;
            }

            if (newest is null && _first is not null)
            {
                first = _first;
                first.Waiting++;
            }
        }

        if (newest is null)
        {
            wait.Place = first?.Place;
            try
            {
                return await lookUp!.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Leave(first);
            }
        }

        if (lookUp is null)
        {
            return newest;
        }

        try
        {
            return await lookUp.WaitAsync(NameLimits.WaitForNewer, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return newest;
        }
    }

    /// <summary>Resolves the name again, or waits for who does.</summary>
    /// <param name="seen">The version of the last answer that the caller has seen: a newer one will do, if it is not old.</param>
    /// <param name="lookUp">The outcome to come.</param>
    /// <returns><see langword="false"/>: not now, the last answer is new, or the pause after a failure is not over.</returns>
    public bool TryRefresh(long seen, [NotNullWhen(true)] out Task<DatedAnswer>? lookUp)
    {
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            if (_newest is { } newest && newest.Version > seen && _time.GetElapsedTime(newest.At, now) < settings.DnsRefreshInterval / 3)
            {
                lookUp = Task.FromResult(newest);
                return true;
            }

            return TryBegin_NeedsLock(isRefresh: true, now, out lookUp);
        }
    }

    private bool TryBegin_NeedsLock(bool isRefresh, long now, [NotNullWhen(true)] out Task<DatedAnswer>? lookUp)
    {
        lookUp = _lookUp;
        if (lookUp is { IsCompleted: false } && (_isRefresh || _time.GetElapsedTime(_begunAt, now) < NameLimits.LookUp))
        {
            return true;
        }

        lookUp = null;
        bool isSoon = _newest is { } newest && _time.GetElapsedTime(newest.At, now) < NameLimits.Spacing;
        if (isRefresh && (isSoon || (_failures > 0 && _time.GetElapsedTime(_failedAt, now) < _pause)))
        {
            return false;
        }

        var outcome = new TaskCompletionSource<DatedAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _lookUp = lookUp = outcome.Task;
        _first = isRefresh ? null : new FirstLookUp(stop);
        _isRefresh = isRefresh;
        _begunAt = now;

        // A resolver of the application's may block, and this is under the lock: so it runs as a work item.
        ThreadPool.UnsafeQueueUserWorkItem(
            static begun => _ = begun.first is { } first ? begun.name.FirstAsync(begun.outcome, first)
                : begun.name.RefreshAsync(begun.outcome),
            (name: this, outcome, first: _first),
            preferLocal: true);
        return true;
    }

    /// <summary>A dial does not wait for its name any more.</summary>
    private void Leave(FirstLookUp? first)
    {
        lock (_gate)
        {
            if (first is null || --first.Waiting > 0 || settings.NameResolver is not SystemResolver)
            {
                return;
            }

            if (_first == first)
            {
                // Story: the look-up leaves the line, and a dial that has just come for the name would fail with it. So that begins
                // another, which is the same one if it is under way.
                _first = null;
                _lookUp = null;
            }
        }

        first.Leave();
    }

    private async Task FirstAsync(TaskCompletionSource<DatedAnswer> outcome, FirstLookUp first)
    {
        await LookUpAsync(
            outcome,
            () => settings.NameResolver is SystemResolver system
                ? system.ResolveAsync(host, first.Place, isUrgent: false, first.NobodyWaits)
                : settings.NameResolver.ResolveAsync(host, stop),
            stop).ConfigureAwait(false);

        // Story: the handler was disposed, and what told this method came before what tells the look-up. It leaves the line all the same.
        first.Leave();
        first.Dispose();
    }

    private async Task RefreshAsync(TaskCompletionSource<DatedAnswer> outcome)
    {
        try
        {
            await settings.RefreshSlots.WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            Failed(e, outcome);
            return;
        }

        using var limit = new CancellationTokenSource(NameLimits.LookUp, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        CancellationToken token = either.Token;
        Task? asking = await LookUpAsync(
            outcome,
            () => settings.NameResolver is SystemResolver system
                ? system.ResolveAsync(host, place: null, isUrgent: true, token)
                : settings.NameResolver.ResolveAsync(host, token),
            token).ConfigureAwait(false);

        // A look-up of the system's goes on when nobody waits for it any more, and blocks its thread. It keeps its slot for some time.
        if (asking is { IsCompleted: false })
        {
            _ = asking.WaitAsync(NameLimits.HeldBack, _time).ContinueWith(
                static (over, slots) =>
                {
                    _ = over.Exception;
                    ((SemaphoreSlim)slots!).Release();
                },
                settings.RefreshSlots,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
        else
        {
            settings.RefreshSlots.Release();
        }
    }

    /// <returns>The resolver's work, which may not be over.</returns>
    private async Task<Task?> LookUpAsync(
        TaskCompletionSource<DatedAnswer> outcome, Func<Task<NameAnswer>> ask, CancellationToken cancellationToken)
    {
        Task<NameAnswer>? asking = null;
        try
        {
            asking = ask();
            Answered(await asking.WaitAsync(cancellationToken).ConfigureAwait(false), outcome);
        }
        catch (Exception e)
        {
            Failed(e, outcome);
        }

        return asking;
    }

    private void Answered(NameAnswer? answer, TaskCompletionSource<DatedAnswer> outcome)
    {
        DatedAnswer dated;
        lock (_gate)
        {
            dated = DatedAnswer.Of(answer, _time.GetTimestamp(), ++_lastVersion);
            if (dated.Addresses.Count > 0)
            {
                _newest = dated;
                _failures = 0;
            }
        }

        if (dated.Addresses.Count == 0 && _newest is not null)
        {
            // The old answer stands.
            Failed(new SocketException((int)SocketError.NoData), outcome);
            return;
        }

        outcome.TrySetResult(dated);
    }

    private void Failed(Exception error, TaskCompletionSource<DatedAnswer> outcome)
    {
        lock (_gate)
        {
            // Story: no dial waits for a look-up any more, it leaves the line, and its end is told behind the answer of the next one. The
            // name server has not failed, so only what the look-up under way says counts.
            if (_lookUp == outcome.Task)
            {
                TimeSpan interval = settings.DnsRefreshInterval;
                TimeSpan longest = interval > NameLimits.LongestPause ? interval : NameLimits.LongestPause;
                double pause = Math.Min(longest.Ticks, interval.Ticks * Math.Pow(2, Math.Min(_failures, 30)));
                _failures++;
                _failedAt = _time.GetTimestamp();
                _pause = TimeSpan.FromTicks((long)(pause * (1 - (0.2 * Random.Shared.NextDouble()))));
            }
        }

        outcome.TrySetException(error);
        _ = outcome.Task.Exception;
    }

    /// <summary>The look-up of a name that has no answer: how many dials wait for it. One that no dial waits for leaves the line.</summary>
    private sealed class FirstLookUp : IDisposable
    {
        private readonly CancellationTokenSource _nobodyWaits;

        public FirstLookUp(CancellationToken stop)
        {
            _nobodyWaits = CancellationTokenSource.CreateLinkedTokenSource(stop);
            NobodyWaits = _nobodyWaits.Token;
        }

        public LookUpPlace Place { get; } = new();

        public CancellationToken NobodyWaits { get; }

        /// <summary>Guarded by the gate of the name.</summary>
        public int Waiting { get; set; }

        public void Leave()
        {
            try
            {
                _nobodyWaits.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The look-up has ended meanwhile.
            }
        }

        public void Dispose() => _nobodyWaits.Dispose();
    }
}
