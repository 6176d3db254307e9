using System.Diagnostics;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>Takes virtual users through their requests, and records what becomes of each.</summary>
internal sealed class FlowRunner
{
    private readonly QuickSettings _settings;
    private readonly IReadOnlyList<FlowStep> _steps;
    private readonly LoadSender _sender;
    private readonly RunRecorder _recorder;
    private readonly ConnectionLog _log;
    private readonly TimeProvider _time;
    private string? _lastReason;

    public FlowRunner(QuickSettings settings, LoadSender sender, RunRecorder recorder, ConnectionLog log, TimeProvider time)
    {
        (_settings, _sender, _recorder, _log, _time) = (settings, sender, recorder, log, time);
        _steps = settings.Flow ?? SingleFlow(settings);
    }

    /// <summary>Why the last request that failed did.</summary>
    public string? LastReason => Volatile.Read(ref _lastReason);

    /// <summary>Ends with the last response; by then all has been recorded.</summary>
    /// <param name="visit">Who, and since when.</param>
    /// <param name="startsAt">The start of the load, by <see cref="LoadClock.Now"/>.</param>
    /// <param name="stop">No request is sent after it.</param>
    /// <param name="cut">Ends those that are under way, which are unanswered then.</param>
    public Task WalkAsync(Visit visit, long startsAt, CancellationToken stop, CancellationToken cut) =>
        StepsAsync(_steps, visit, startsAt, stop, cut);

    private static IReadOnlyList<FlowStep> SingleFlow(QuickSettings settings)
    {
        RequestTemplate request = settings.SingleRequest();
        return [new FlowStep.Loop(settings.RequestsPerArrival, [new FlowStep.Send(_ => request)])];
    }

    private async Task StepsAsync(
        IReadOnlyList<FlowStep> steps, Visit visit, long startsAt, CancellationToken stop, CancellationToken cut)
    {
        foreach (FlowStep step in steps)
        {
            switch (step)
            {
                case FlowStep.Send send:
                    await RequestAsync(send.Pick(visit.Number), visit, startsAt, cut).ConfigureAwait(false);

                    // A later request of an arrival is due when the one before it has ended.
                    visit.DueNow();
                    break;
                case FlowStep.Think think:
                    await Task.Delay(think.Time, _time, stop).ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
                    visit.DueNow();
                    break;
                case FlowStep.Loop loop:
                    for (long i = 0; i < loop.Count && !visit.HasEnded && !stop.IsCancellationRequested; i++)
                    {
                        await StepsAsync(loop.Steps, visit, startsAt, stop, cut).ConfigureAwait(false);
                    }

                    break;
                case FlowStep.Choose choose:
                    await StepsAsync(choose.Pick(visit.Number), visit, startsAt, stop, cut).ConfigureAwait(false);
                    break;
                default:
                    throw new UnreachableException();
            }

            if (visit.HasEnded || stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task RequestAsync(RequestTemplate template, Visit visit, long startsAt, CancellationToken cut)
    {
        if (visit.Counts)
        {
            _recorder.RequestStarted();
        }

        try
        {
            RequestTrace trace = visit.Counts ? _log.Trace : _log.UncountedTrace;
            Answer answer = await _sender.SendAsync(template, visit.User, trace, cut).ConfigureAwait(false);
            if (visit.Counts)
            {
                RequestTimes times = TimesUntilNow() with
                {
                    Queue = Nanoseconds(answer.QueueTime),
                    FirstByte = Nanoseconds(answer.ResponseHeadersTime),
                };
                _recorder.Responded(answer.Status, answer.Bytes, times);
            }

            Look(answer, template, visit);
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested)
        {
            if (visit.Counts)
            {
                _recorder.Unanswered(TimesUntilNow());
            }
        }
        catch (Exception error)
        {
            Volatile.Write(ref _lastReason, ErrorKind.ReasonOf(error));

            // A user whose next request needs what this one did not get does not go on.
            visit.HasEnded = _settings.Flow is not null && template.Captures.Count > 0;
            if (visit.Counts)
            {
                _recorder.Failed(ErrorKind.Of(error), ErrorKind.MessageOf(error), ErrorKind.IsReplaySafe(error), TimesUntilNow());
            }
        }

        RequestTimes TimesUntilNow() =>
            new(visit.Due - startsAt, visit.Started - startsAt, LoadClock.Now - startsAt, Queue: 0, FirstByte: 0);
    }

    /// <summary>Checks the answer, and takes what later requests need.</summary>
    private void Look(Answer answer, RequestTemplate template, Visit visit)
    {
        if (visit.Counts && answer.Redirects > 0)
        {
            _recorder.Redirected(answer.Redirects);
        }

        if (answer.Text is not { } text)
        {
            return;
        }

        foreach (Check check in template.Checks)
        {
            Count(check.Text, check.Holds(text));
        }

        foreach (Capture capture in template.Captures)
        {
            string? value = capture.Find(text);
            Count($"capture {capture.Name} ({capture.Source})", value is not null);
            if (value is null)
            {
                visit.HasEnded = true;
            }
            else
            {
                visit.User.Variables.Set(capture.Name, value);
            }
        }

        void Count(string check, bool holds)
        {
            if (visit.Counts)
            {
                _recorder.Checked(check, holds);
            }
        }
    }

    private static long Nanoseconds(TimeSpan time) => time.Ticks * (1_000_000_000 / TimeSpan.TicksPerSecond);
}
