using Warmwire.Cli.Histograms;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Load;

/// <summary>One run of a load test, from the first arrival to the end of the last request.</summary>
internal sealed class QuickRun : IDisposable
{
    /// <summary>After so long without a connection the target is not reachable, and to go on would not help.</summary>
    private const long TimeToReach = 3_000_000_000;

    private static readonly TimeSpan s_lookInterval = TimeSpan.FromMilliseconds(100);

    private readonly QuickSettings _settings;
    private readonly ArrivalSchedule _schedule;
    private readonly RunRecorder _recorder;
    private readonly ConnectionLog _log;
    private readonly LoadSender _sender;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _startsAt;
    private long _underWay;
    private string? _lastReason;
    private TaskCompletionSource? _allEnded;

    /// <param name="settings">What is sent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="observers">Are told of each second.</param>
    public QuickRun(QuickSettings settings, TimeProvider time, params IReadOnlyList<ISecondObserver> observers)
    {
        _recorder = new RunRecorder(observers);
        _settings = settings;
        _time = time;
        _schedule = new ArrivalSchedule(settings.Rate, settings.Arrivals, settings.Shard);
        _log = new ConnectionLog(settings.Url, OnOpened, OnClosed);
        _sender = new LoadSender(settings, _log.Trace);
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
        _schedule.Count,
        _settings.Shard.RateOf(_settings.Rate),
        _recorder.Look(),
        _log.Open,
        _log.Opened,
        _log.PeakOpen,
        _log.ReuseRatio)
    {
        ClosedBy = _log.GetClosedBy(),
        Errors = _recorder.GetErrors(),
    };

    /// <summary>Ends by itself, or soon after <paramref name="interrupted"/>, which makes it a result of what ran.</summary>
    /// <exception cref="CommandFailure">The target cannot be reached.</exception>
    public async Task<QuickResult> RunAsync(CancellationToken interrupted)
    {
        await GeneratorWarmUp.RunAsync(interrupted);
        SocketStates socketsBefore = TcpTable.Read(_settings.Url.Port);
        await WaitForStartAsync(interrupted);

        // Shards that begin together say so to the tick, so that their seconds are the same seconds.
        DateTimeOffset startedAt = _settings.StartAt ?? _time.GetUtcNow();
        MachineLoad before = MachineLoad.Read();
        Volatile.Write(ref _startsAt, LoadClock.Now);
        _started.TrySetResult();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        Volatile.Write(ref _underWay, 1);
        _allEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task driving = new ArrivalDriver(_schedule, due => Arrive(due, stop.Token)).RunAsync(_startsAt, stop.Token);
        Task ended = EndAsync(driving);
        try
        {
            while (await Task.WhenAny(ended, Task.Delay(s_lookInterval, _time, CancellationToken.None)) != ended)
            {
                _log.ThrowIfUnreadable();
                _recorder.PutAwaySeconds(Elapsed);
                ThrowIfUnreachable(Elapsed > TimeToReach);
            }

            await ended;
            ThrowIfUnreachable(!interrupted.IsCancellationRequested);
        }
        catch
        {
            await stop.CancelAsync();
            await ended;
            throw;
        }

        long elapsed = Elapsed;
        MachineLoad after = MachineLoad.Read();
        int timeWait = await TimeWaitSockets.CountNewAsync(_settings.Url.Port, socketsBefore, _time);
        return Describe(startedAt, elapsed, before, after, timeWait, interrupted.IsCancellationRequested);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _log.Dispose();
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
    private void Arrive(long due, CancellationToken stop)
    {
        if (Volatile.Read(ref _underWay) > QuickSettings.MaxRequestsUnderWay)
        {
            _recorder.ArrivalDropped();
            return;
        }

        Interlocked.Increment(ref _underWay);
        _ = ArriveAsync(due, stop);
    }

    private async Task ArriveAsync(long due, CancellationToken stop)
    {
        try
        {
            long now = LoadClock.Now;
            _recorder.ArrivalStarted(due - _startsAt, now - _startsAt);
            for (int i = 0; i < _settings.RequestsPerArrival && !stop.IsCancellationRequested; i++)
            {
                // A later request of an arrival is due when the one before it has ended.
                await RequestAsync(due, now, stop).ConfigureAwait(false);
                due = now = LoadClock.Now;
            }
        }
        finally
        {
            LeaveRun();
        }
    }

    private async Task RequestAsync(long due, long started, CancellationToken stop)
    {
        _recorder.RequestStarted();
        try
        {
            Answer answer = await _sender.SendAsync(stop).ConfigureAwait(false);
            var times = new RequestTimes(
                due - _startsAt,
                started - _startsAt,
                LoadClock.Now - _startsAt,
                Nanoseconds(answer.QueueTime),
                Nanoseconds(answer.ResponseHeadersTime));
            _recorder.Responded(answer.Status, answer.Bytes, times);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            _recorder.TakenBack();
        }
        catch (Exception error)
        {
            Volatile.Write(ref _lastReason, ErrorKind.ReasonOf(error));
            _recorder.Failure(ErrorKind.Of(error), ErrorKind.MessageOf(error), LoadClock.Now - _startsAt);
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
        if (isLongEnough && _log.Opened == 0 && Volatile.Read(ref _lastReason) is { } error)
        {
            throw new CommandFailure($"could not connect to {_settings.Url}: {error}", ExitCodes.CouldNotRun);
        }
    }

    private void OnOpened()
    {
        if (HasStarted)
        {
            _recorder.Opened(Elapsed);
        }
    }

    private void OnClosed()
    {
        if (HasStarted)
        {
            _recorder.Closed(Elapsed);
        }
    }

    private QuickResult Describe(
        DateTimeOffset startedAt,
        long elapsed,
        MachineLoad before,
        MachineLoad after,
        int timeWait,
        bool interrupted)
    {
        RunRecord record = _recorder.Finish(elapsed, _schedule);
        ConnectionsResult connections = _log.GetResult(timeWait);
        double seconds = Seconds(elapsed);
        double cpu = (after.Own - before.Own).TotalSeconds;
        double targetRate = _settings.Shard.RateOf(_settings.Rate);
        double achievedRate = AchievedRate(record, interrupted ? Math.Min(elapsed, _schedule.Length) : _schedule.Length, targetRate);
        IReadOnlyList<string> limits = GeneratorLimits.Find(new GeneratorFacts
        {
            TargetRate = targetRate,
            AchievedRate = achievedRate,
            Dropped = record.Dropped,
            StartDelayP99Ms = Summaries.Milliseconds(record.StartDelay.ValueAt(99)),
            PeakOpen = connections.PeakOpen,
            MaxConnections = _sender.MaxConnections,
            Cores = cpu / seconds,
            AvailableCores = Environment.ProcessorCount,
            MachineBusy = after.BusySince(before),
        });
        return new QuickResult
        {
            Tool = ToolResult.Current,
            Target = _settings.Describe(),
            StartedAt = startedAt,
            ElapsedSeconds = Math.Round(seconds, 6),
            Interrupted = interrupted,
            Arrivals = record.Arrivals,
            Requests = record.Requests,
            Responses = record.Responses,
            Errors = record.Errors,
            ErrorExamples = record.ErrorExamples,
            Codes = record.Codes,
            DownloadedBytes = record.Bytes,
            AchievedRate = achievedRate,
            DroppedArrivals = record.Dropped,
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
            },
            Histogram = new HistogramsResult
            {
                Corrected = HistogramCoder.Encode(record.Corrected),
                Uncorrected = HistogramCoder.Encode(record.Uncorrected),
                StartDelay = HistogramCoder.Encode(record.StartDelay),
                Dns = HistogramCoder.Encode(_log.Dns),
                Connect = HistogramCoder.Encode(_log.Connect),
                Tls = HistogramCoder.Encode(_log.Tls),
                Queue = HistogramCoder.Encode(record.Queue),
                FirstByte = HistogramCoder.Encode(record.FirstByte),
            },
            Series = record.Series,
        };
    }

    /// <summary>
    /// Over the schedule, or over the time that starting it took if that was longer; the last arrival has an interval of its own like every
    /// other.
    /// </summary>
    private static double AchievedRate(RunRecord record, long scheduled, double targetRate)
    {
        double span = Math.Max(Seconds(scheduled), Seconds(record.LastStart) + (1 / targetRate));
        return record.Arrivals == 0 ? 0 : Math.Round(record.Arrivals / span, 4);
    }

    private static double Seconds(long nanoseconds) => nanoseconds / 1e9;

    private static long Nanoseconds(TimeSpan time) => time.Ticks * (1_000_000_000 / TimeSpan.TicksPerSecond);
}
