using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>One run of a load test, from the first arrival to the end of the last request.</summary>
internal sealed class QuickRun : IDisposable
{
    /// <summary>After so long without a connection the target is not reachable, and to go on would not help.</summary>
    private const long TimeToReach = 3_000_000_000;

    /// <summary>
    /// What requests that are under way at Ctrl-C have left: those of a server that answers are answered, so that what is cut off says
    /// something about the server.
    /// </summary>
    internal static readonly TimeSpan TimeToAnswer = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_lookInterval = TimeSpan.FromMilliseconds(100);

    private readonly QuickSettings _settings;
    private readonly ArrivalSchedule _schedule;
    private readonly FlowRunner _flow;
    private readonly RunRecorder _recorder;
    private readonly ConnectionLog _log;
    private readonly LoadSender _sender;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _startsAt;
    private long _stoppedAt = long.MaxValue;
    private long _underWay;
    private long _iterations;
    private long _dataRows;
    private bool _isCounting;

    /// <summary>When counting began.</summary>
    private MachineLoad? _before;
    private TaskCompletionSource? _allEnded;

    /// <param name="settings">What is sent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="observers">Are told of each second.</param>
    public QuickRun(QuickSettings settings, TimeProvider time, params IReadOnlyList<ISecondObserver> observers)
    {
        _recorder = new RunRecorder(observers);
        _settings = settings;
        _time = time;
        _schedule = new ArrivalSchedule(settings.Users is null ? settings.ArrivalPlan : ArrivalPlan.None, settings.Shard);

        _log = new ConnectionLog(settings.Url, OnOpened, OnClosed);
        _sender = new LoadSender(settings, _log.Trace);
        _flow = new FlowRunner(settings, _sender, _recorder, _log, time);
    }

    /// <summary>Seconds since the first arrival of all shards was due; negative before it.</summary>
    public double SecondsSinceStart => HasStarted ? Seconds(Elapsed)
        : _settings.StartAt is { } startAt && _time.GetUtcNow() is var now && now < startAt ? (now - startAt).TotalSeconds
        : -0.001;

    /// <summary>The time when the first arrival of all shards is due, by <see cref="LoadClock.Now"/>; 0 before that is known.</summary>
    internal long StartsAt => Volatile.Read(ref _startsAt);

    /// <summary>Ends when <see cref="StartsAt"/> is known.</summary>
    internal Task Started => _started.Task;

    private bool HasStarted => StartsAt != 0;

    private long Elapsed => LoadClock.Now - StartsAt;

    /// <summary>Where it stands, for a view.</summary>
    public QuickProgress GetProgress() => new(
        _settings.DurationSeconds,
        SecondsSinceStart,
        _settings.Users is null ? _schedule.Count : Math.Min(_settings.OwnArrivals, QuickSettings.MaxArrivals),
        _settings.Shard.RateOf(_settings.Rate),
        _recorder.Look(),
        _log.Open,
        _log.Opened,
        _log.PeakOpen,
        _log.ReuseRatio)
    {
        IsClosedLoop = _settings.Users is not null,
        ClosedBy = _log.GetClosedBy(),
        Errors = _recorder.GetErrors(),
    };

    /// <summary>Ends by itself, or soon after <paramref name="interrupted"/>, which makes it a result of what ran.</summary>
    /// <exception cref="CommandFailure">The target cannot be reached.</exception>
    public async Task<QuickResult> RunAsync(CancellationToken interrupted)
    {
        await GeneratorWarmUp.RunAsync(interrupted);
        var leftInTimeWait = new LeftInTimeWait(_settings.ConnectPorts);
        await WaitForStartAsync(interrupted);

        // Shards that begin together say so to the tick, so that their seconds are the same seconds.
        DateTimeOffset startedAt = (_settings.StartAt ?? _time.GetUtcNow()).AddSeconds(_settings.WarmUpSeconds);
        long begun = LoadClock.Now;
        Volatile.Write(ref _startsAt, begun + (long)(_settings.WarmUpSeconds * 1e9));
        _started.TrySetResult();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        using var cut = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using CancellationTokenRegistration stopping = stop.Token.Register(() =>
        {
            Volatile.Write(ref _stoppedAt, Elapsed);
            cut.CancelAfter(TimeToAnswer);
        });
        Volatile.Write(ref _underWay, 1);
        _allEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task ended = EndAsync(DriveAsync(begun, stop.Token, cut.Token));
        AbortResult? aborted = null;
        double judged = 0;
        try
        {
            while (await Task.WhenAny(ended, Task.Delay(s_lookInterval, _time, CancellationToken.None)) != ended)
            {
                _log.ThrowIfUnreadable();
                _recorder.PutAwaySeconds(Math.Max(0, Elapsed));
                ThrowIfUnreachable(LoadClock.Now - begun > TimeToReach);
                if (_settings.AbortOn.Count > 0 && !stop.IsCancellationRequested && SecondsSinceStart - judged >= 1)
                {
                    judged = SecondsSinceStart;
                    aborted = Judge(startedAt);
                    await (aborted is null ? Task.CompletedTask : stop.CancelAsync());
                }
            }

            await ended;
            ThrowIfUnreachable(!interrupted.IsCancellationRequested);
        }
        catch
        {
            await stop.CancelAsync();
            await cut.CancelAsync();
            await ended;
            throw;
        }

        long elapsed = Math.Max(1, Elapsed);
        MachineLoad after = MachineLoad.Read();
        int? timeWait = await leftInTimeWait.CountAsync(_time);
        RunRecord record = _recorder.Finish(elapsed, _settings.Users is null ? _schedule : null);
        return Describe(record, startedAt, elapsed, after, timeWait, interrupted.IsCancellationRequested, aborted);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _log.Dispose();
    }

    /// <summary>Ends when no arrival is started any more.</summary>
    private async Task DriveAsync(long begun, CancellationToken stop, CancellationToken cut)
    {
        Task warming = Task.CompletedTask;
        if (_settings.WarmUpSeconds > 0 && _settings.Users is null)
        {
            double rate = _settings.FirstRate ?? _settings.Rate;
            var schedule = new ArrivalSchedule(
                rate, Math.Max(1, (long)Math.Round(rate * _settings.WarmUpSeconds)), _settings.Shard);
            warming = new ArrivalDriver(schedule, Start, static (_, _) => { }).RunAsync(begun, stop);
        }

        Task counting = _settings.WarmUpSeconds > 0 ? Task.Run(() => BeginAtStart(stop), CancellationToken.None) : Task.CompletedTask;
        if (_settings.WarmUpSeconds == 0)
        {
            BeginCounting();
        }

        if (_settings.Users is { } loop)
        {
            long until = loop.Seconds is { } seconds ? _startsAt + (long)(seconds * 1e9) : long.MaxValue;
            await new ClosedLoopDriver(_settings.Shard.Of(loop.Users), loop.Think, until, TakeIteration, HasIterations, _time)
                .RunAsync(user => IterateAsync(user, stop, cut), () => new VirtualUser(_settings.KeepsCookies), stop);
        }
        else
        {
            await new ArrivalDriver(_schedule, Start, _recorder.Paused).RunAsync(_startsAt, stop);
        }

        await warming;
        await counting;

        void Start(long number, long due) => Arrive(number, due, stop, cut);
    }

    private void BeginAtStart(CancellationToken stop)
    {
        LoadClock.WaitUntil(_startsAt, interval: 0, stop);
        BeginCounting();
    }

    /// <summary>What happens from now on is the load that is counted.</summary>
    private void BeginCounting()
    {
        // Not under the lock, which connections wait for: it reads a file.
        _before = MachineLoad.Read();
        _log.Begin(open =>
        {
            _isCounting = true;
            _recorder.Begin(open);
        });
    }

    /// <returns>The condition that ends the run, if one holds.</returns>
    private AbortResult? Judge(DateTimeOffset startedAt)
    {
        long elapsed = Elapsed;
        QuickResult now = Describe(
            _recorder.GetRecord(), startedAt, elapsed, MachineLoad.Read(), timeWait: null, interrupted: true, aborted: null);
        return _settings.AbortOn.Select(condition => condition.Evaluate(now))
            .Where(static condition => condition.Held)
            .Select(condition => new AbortResult(condition.Condition, Math.Round(Seconds(elapsed), 1), condition.Actual))
            .FirstOrDefault();
    }

    private async Task WaitForStartAsync(CancellationToken interrupted)
    {
        if (_settings.StartAt is { } startAt && startAt - _time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _time, interrupted);
        }
    }

    /// <summary>When the last arrival has been started and the last request has ended.</summary>
    private async Task EndAsync(Task driving)
    {
        try
        {
            await driving;
        }
        finally
        {
            LeaveRun();
        }

        await _allEnded!.Task;
    }

    /// <summary>On the driver's thread: up to the point where a request has been written, or has to wait for a connection.</summary>
    private void Arrive(long number, long due, CancellationToken stop, CancellationToken cut)
    {
        if (Volatile.Read(ref _underWay) > QuickSettings.MaxRequestsUnderWay)
        {
            if (due >= _startsAt)
            {
                _recorder.ArrivalDropped();
            }

            return;
        }

        Interlocked.Increment(ref _underWay);
        _ = ArriveAsync(new VirtualUser(_settings.KeepsCookies), _settings.Shard.NumberOf(number), due, stop, cut);
    }

    /// <summary>A user of a closed loop takes an iteration, if there is one left; those of the warm-up are not counted.</summary>
    private bool TakeIteration() =>
        LoadClock.Now < _startsAt || Interlocked.Increment(ref _iterations) <= _settings.OwnArrivals;

    private bool HasIterations() => LoadClock.Now < _startsAt || Volatile.Read(ref _iterations) < _settings.OwnArrivals;

    private Task IterateAsync(VirtualUser user, CancellationToken stop, CancellationToken cut)
    {
        Interlocked.Increment(ref _underWay);
        return ArriveAsync(user, _settings.Shard.NumberOf(Interlocked.Increment(ref _dataRows) - 1), LoadClock.Now, stop, cut);
    }

    private async Task ArriveAsync(VirtualUser user, long number, long due, CancellationToken stop, CancellationToken cut)
    {
        try
        {
            long now = LoadClock.Now;
            user.Variables.Forget();
            user.Variables.Row = _settings.Data?.Row(number) ?? default;
            var visit = new Visit(user, number, counts: due >= _startsAt, due, now);
            if (visit.Counts)
            {
                _recorder.ArrivalStarted(due - _startsAt, now - _startsAt);
            }

            await _flow.WalkAsync(visit, _startsAt, stop, cut).ConfigureAwait(false);
        }
        finally
        {
            LeaveRun();
        }
    }

    private void LeaveRun()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
        {
            _allEnded!.SetResult();
        }
    }

    private void ThrowIfUnreachable(bool isLongEnough)
    {
        if (isLongEnough && _log.EverOpened == 0 && _flow.LastReason is { } error)
        {
            throw new CommandFailure($"could not connect to {_settings.Url}: {error}", ExitCodes.CouldNotRun);
        }
    }

    private void OnOpened()
    {
        if (_isCounting)
        {
            _recorder.Opened(Elapsed);
        }
    }

    private void OnClosed()
    {
        if (_isCounting)
        {
            _recorder.Closed(Elapsed);
        }
    }

    private QuickResult Describe(
        RunRecord record,
        DateTimeOffset startedAt,
        long elapsed,
        MachineLoad after,
        int? timeWait,
        bool interrupted,
        AbortResult? aborted)
    {
        bool isCut = interrupted || aborted is not null;
        ConnectionsResult connections = _log.GetResult(timeWait);
        double seconds = Seconds(elapsed);
        MachineLoad before = _before ?? after;
        double cpu = (after.Own - before.Own).TotalSeconds;
        // Over the schedule as far as it came; the record of a run that goes on is as long as it ran.
        long planned = isCut ? Math.Clamp(Math.Min(elapsed, _stoppedAt), 1, Math.Max(1, _schedule.Length)) : _schedule.Length;
        double plannedRate = isCut ? PlannedRate(planned) : _settings.Shard.RateOf(_settings.Rate);
        double achievedRate = _settings.Users is not null
            ? Math.Round(record.Arrivals / seconds, 4)
            : AchievedRate(record, planned, plannedRate);
        IReadOnlyList<string> limits = record.Arrivals == 0 && isCut ? [] : GeneratorLimits.Find(new GeneratorFacts
        {
            TargetRate = plannedRate,
            AchievedRate = achievedRate,
            Dropped = record.Dropped,
            Pauses = record.Pauses,
            StartDelayP99Ms = Summaries.Milliseconds(record.StartDelay.ValueAt(99)),
            PeakOpen = connections.PeakOpen,
            MaxConnections = _sender.MaxConnections,
            Cores = cpu / seconds,
            AvailableCores = Environment.ProcessorCount,
        });
        return new QuickResult
        {
            Tool = ToolResult.Current,
            RunId = RunIds.Of(_settings),
            Target = _settings.Describe(),
            StartedAt = startedAt,
            ElapsedSeconds = Math.Round(seconds, 6),
            Interrupted = interrupted,
            Aborted = aborted,
            Checks = record.Checks,
            Redirects = record.Redirects,
            Arrivals = record.Arrivals,
            Requests = record.Requests,
            Responses = record.Responses,
            Errors = record.Errors,
            ReplaySafeErrors = record.ReplaySafe,
            Unanswered = record.Unanswered,
            ErrorExamples = record.ErrorExamples,
            Codes = record.Codes,
            DownloadedBytes = record.Bytes,
            AchievedRate = achievedRate,
            DroppedArrivals = record.Dropped,
            Pauses = record.Pauses,
            GeneratorLimited = limits.Count > 0,
            GeneratorLimits = limits,
            Connections = connections,
            LatencyMs = new LatencyResult { Corrected = Summaries.Of(record.Corrected), Uncorrected = Summaries.Of(record.Uncorrected) },
            PhasesMs = new PhasesResult
            {
                Dns = Summaries.Of(_log.Dns),
                Connect = Summaries.Of(_log.Connect),
                Tls = Summaries.Of(_log.Tls),
                Queue = Summaries.Of(record.Queue),
                FirstByte = Summaries.Of(record.FirstByte),
            },
            StartDelayMs = Summaries.Of(record.StartDelay),
            Cpu = new CpuResult
            {
                Seconds = cpu,
                MicrosPerRequest = record.Requests == 0 ? 0 : Math.Round(cpu * 1e6 / record.Requests, 2),
                Cores = Math.Round(cpu / seconds, 3),
                AvailableCores = Environment.ProcessorCount,
                MachineBusy = after.BusySince(before) is { } busy ? Math.Round(busy, 3) : null,
            },
            Histogram = Histograms(record),
            Series = record.Series,
        };
    }

    private HistogramsResult Histograms(RunRecord record) => new()
    {
        Corrected = HistogramCoder.Encode(record.Corrected),
        Uncorrected = HistogramCoder.Encode(record.Uncorrected),
        StartDelay = HistogramCoder.Encode(record.StartDelay),
        Dns = HistogramCoder.Encode(_log.Dns),
        Connect = HistogramCoder.Encode(_log.Connect),
        Tls = HistogramCoder.Encode(_log.Tls),
        Queue = HistogramCoder.Encode(record.Queue),
        FirstByte = HistogramCoder.Encode(record.FirstByte),
    };

    /// <summary>Of a run with stages that was cut, the rate until then.</summary>
    private double PlannedRate(long elapsed) => _settings.Plan is null || elapsed >= _schedule.Length
        ? _settings.Shard.RateOf(_settings.Rate)
        : _schedule.DueBefore(elapsed) / Seconds(elapsed);

    /// <summary>
    /// Over the schedule, or over the time that starting it took if that was longer; the last arrival has an interval of its own like every
    /// other.
    /// </summary>
    private double AchievedRate(RunRecord record, long scheduled, double targetRate)
    {
        double span = Math.Max(Seconds(scheduled), Seconds(record.LastStart) + (_settings.Plan is null ? 1 / targetRate : 0));
        return record.Arrivals == 0 ? 0 : Math.Round(record.Arrivals / span, 4);
    }

    private static double Seconds(long nanoseconds) => nanoseconds / 1e9;
}
