using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Telemetry;

/// <summary>
/// Code of the application that only watches may throw: nobody's request fails over it, nothing hangs, and no count stays behind.
/// </summary>
[Collection(ProcessWideTelemetry.Name)]
public sealed class ThrowingObserverTests
{
    private static readonly string[] s_instruments =
    [
        "http.client.open_connections", "http.client.connection.duration", "http.client.request.time_in_queue",
        "http.client.request.duration", "http.client.active_requests", "warmwire.client.requests", "warmwire.client.replays",
        "warmwire.client.dials", "warmwire.client.dial_failures", "warmwire.client.connections_closed", "warmwire.client.active_streams",
    ];

    public static TheoryData<string, bool> Instruments()
    {
        var data = new TheoryData<string, bool>();
        foreach (string instrument in s_instruments)
        {
            data.Add(instrument, true);
            if (instrument != "warmwire.client.active_streams")
            {
                data.Add(instrument, false);
            }
        }

        return data;
    }

    public static TheoryData<string, bool> Callbacks()
    {
        var data = new TheoryData<string, bool>();
        foreach (string callback in typeof(RequestTrace).GetProperties().Select(static property => property.Name))
        {
            data.Add(callback, false);
            data.Add(callback, true);
        }

        return data;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_an_observer_the_scenario_ends_as_described(bool isHttp2)
    {
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: false, new TestMeterFactory());
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        await scenario.AssertAllCountsAreZeroAsync();
    }

    [Theory]
    [MemberData(nameof(Instruments))]
    public async Task A_metrics_listener_that_throws_disturbs_nothing(string instrument, bool isHttp2)
    {
        using var meters = new TestMeterFactory();
        int thrown = 0;
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: false, meters);
        using MeterListener listener = ThrowAt(instrument, meters, () => Interlocked.Increment(ref thrown));
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        await scenario.AssertAllCountsAreZeroAsync();
        Assert.True(thrown > 0, "the listener was not told");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_metrics_listener_that_throws_now_and_then_disturbs_nothing(bool isHttp2)
    {
        using var meters = new TestMeterFactory();
        int measured = 0;
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: false, meters);
        using MeterListener listener = Listen(meters, static _ => true, () =>
        {
            if (Interlocked.Increment(ref measured) % 3 == 0)
            {
                throw new InvalidOperationException("a listener's own fault");
            }
        });
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        await scenario.AssertAllCountsAreZeroAsync();
        Assert.True(measured > 3, "the listener was not told");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_metrics_listener_that_throws_when_an_instrument_is_published_disturbs_nothing(bool isHttp2)
    {
        using var meters = new TestMeterFactory();
        int thrown = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Scope == meters)
                {
                    thrown++;
                    throw new InvalidOperationException("a listener's own fault");
                }
            },
        };
        listener.Start();
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: false, meters);
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        await scenario.AssertAllCountsAreZeroAsync();
        Assert.True(thrown > 0, "the listener was not told");
    }

    [Theory]
    [InlineData("Sample", false)]
    [InlineData("Sample", true)]
    [InlineData("ActivityStarted", false)]
    [InlineData("ActivityStarted", true)]
    [InlineData("ActivityStopped", false)]
    [InlineData("ActivityStopped", true)]
    [InlineData("ExceptionRecorder", false)]
    [InlineData("ExceptionRecorder", true)]
    public async Task An_activity_listener_that_throws_disturbs_nothing(string callback, bool isHttp2)
    {
        int thrown = 0;
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: false, new TestMeterFactory());
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is "System.Net.Http" or "Experimental.System.Net.Http.Connections",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
            {
                ThrowIf(callback == "Sample");
                return ActivitySamplingResult.AllDataAndRecorded;
            },
            ActivityStarted = _ => ThrowIf(callback == "ActivityStarted"),
            ActivityStopped = _ => ThrowIf(callback == "ActivityStopped"),
            ExceptionRecorder = (Activity _, Exception _, ref TagList _) => ThrowIf(callback == "ExceptionRecorder"),
        };
        ActivitySource.AddActivityListener(listener);
        Activity? before = Activity.Current;
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        Assert.Same(before, Activity.Current);
        await scenario.AssertAllCountsAreZeroAsync();
        Assert.True(thrown > 0, "the listener was not told");

        void ThrowIf(bool isMeant)
        {
            if (isMeant)
            {
                Interlocked.Increment(ref thrown);
                throw new InvalidOperationException("a listener's own fault");
            }
        }
    }

    [Theory]
    [InlineData("IsEnabled", false)]
    [InlineData("IsEnabled", true)]
    [InlineData("OnNext", false)]
    [InlineData("OnNext", true)]
    public async Task A_subscriber_of_diagnostic_events_that_throws_disturbs_nothing(string callback, bool isHttp2)
    {
        int thrown = 0;
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: false, new TestMeterFactory());
        using var events = new DiagnosticEvents(
            (_, _) => ThrowIf(callback == "OnNext"),
            _ =>
            {
                ThrowIf(callback == "IsEnabled");
                return true;
            });
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        await scenario.AssertAllCountsAreZeroAsync();
        Assert.True(thrown > 0, "the subscriber was not told");

        void ThrowIf(bool isMeant)
        {
            if (isMeant)
            {
                Interlocked.Increment(ref thrown);
                throw new InvalidOperationException("a subscriber's own fault");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_event_listener_that_throws_disturbs_nothing(bool isHttp2)
    {
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: false, new TestMeterFactory());
        using var listener = new ThrowingListener();
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        await scenario.AssertAllCountsAreZeroAsync();
        Assert.True(listener.Thrown > 0, "the listener was not told");
    }

    [Theory]
    [MemberData(nameof(Callbacks))]
    public async Task A_trace_callback_that_throws_disturbs_nothing(string callback, bool isHttp2)
    {
        int thrown = 0;
        await using ObservedScenario scenario = await ObservedScenario.StartAsync(isHttp2, isTls: true, new TestMeterFactory());
        scenario.Trace = () => Throwing(callback, () => Interlocked.Increment(ref thrown));
        Assert.Equal(ObservedScenario.UndisturbedOutcomes, await scenario.PlayAsync());
        await scenario.AssertAllCountsAreZeroAsync();
        Assert.True(thrown > 0, "the callback was not called");
    }

    private static RequestTrace Throwing(string callback, Action count)
    {
        return new RequestTrace
        {
            GetConnection = callback == nameof(RequestTrace.GetConnection) ? _ => Throw() : null,
            Queued = callback == nameof(RequestTrace.Queued) ? _ => Throw() : null,
            DnsStart = callback == nameof(RequestTrace.DnsStart) ? _ => Throw() : null,
            DnsDone = callback == nameof(RequestTrace.DnsDone) ? (_, _) => Throw() : null,
            ConnectStart = callback == nameof(RequestTrace.ConnectStart) ? _ => Throw() : null,
            ConnectDone = callback == nameof(RequestTrace.ConnectDone) ? (_, _) => Throw() : null,
            TlsHandshakeStart = callback == nameof(RequestTrace.TlsHandshakeStart) ? Throw : null,
            TlsHandshakeDone = callback == nameof(RequestTrace.TlsHandshakeDone) ? (_, _) => Throw() : null,
            GotConnection = callback == nameof(RequestTrace.GotConnection) ? _ => Throw() : null,
            WroteHeaders = callback == nameof(RequestTrace.WroteHeaders) ? Throw : null,
            Got100Continue = callback == nameof(RequestTrace.Got100Continue) ? Throw : null,
            WroteRequest = callback == nameof(RequestTrace.WroteRequest) ? _ => Throw() : null,
            GotFirstResponseByte = callback == nameof(RequestTrace.GotFirstResponseByte) ? Throw : null,
            PutIdleConnection = callback == nameof(RequestTrace.PutIdleConnection) ? _ => Throw() : null,
        };

        void Throw()
        {
            count();
            throw new InvalidOperationException("a callback's own fault");
        }
    }

    private static MeterListener ThrowAt(string name, TestMeterFactory meters, Action count) =>
        Listen(meters, instrument => instrument.Name == name, () =>
    {
        count();
        throw new InvalidOperationException("a listener's own fault");
    });

    private static MeterListener Listen(TestMeterFactory meters, Func<Instrument, bool> filter, Action measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters && filter(instrument))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => measured());
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => measured());
        listener.Start();
        return listener;
    }

    private sealed class ThrowingListener : EventListener
    {
        private int _thrown;

        public int Thrown => Volatile.Read(ref _thrown);

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
                Interlocked.Increment(ref _thrown);
                throw new InvalidOperationException("a listener's own fault");
            }
        }
    }
}
