using System.Diagnostics.Metrics;

namespace Warmwire.Diagnostics;

/// <summary>The event loop's health as instruments of the meter <c>Warmwire</c> of the process. docs/metrics.md lists them.</summary>
internal static class EngineMetrics
{
    /// <summary>Makes the instruments. Listeners are told, so not from a thread that others wait for.</summary>
    public static void Publish(Func<EngineSnapshot> read)
    {
        Meter meter = TransportMetrics.ProcessMeter;
        Up("warmwire.engine.loops", "{loop}", "Event loops that threads lead.", static engine => engine.Loops);
        Up("warmwire.engine.threads", "{thread}", "Threads of the event loops.", static engine => engine.Threads);
        Up(
            "warmwire.engine.blocked_threads", "{thread}", "Threads of the event loops held up by code that blocks.",
            static engine => engine.BlockedThreads);
        Up(
            "warmwire.engine.blocking", "{engine}", "1 while code blocks the event loops for most of their time.",
            static engine => engine.CodeBlocks ? 1 : 0);
        Count(
            "warmwire.engine.takeovers", "{takeover}", "Loops that another thread took over, because code blocked.",
            static engine => engine.Takeovers);
        Count(
            "warmwire.engine.blocking_periods", "{period}", "Times that code was found to block the loops for most of their time.",
            static engine => engine.BlockingPeriods);

        void Up(string name, string unit, string description, Func<EngineSnapshot, long> value) =>
            UserCode.Publish(() => meter.CreateObservableUpDownCounter(name, () => value(read()), unit, description));

        void Count(string name, string unit, string description, Func<EngineSnapshot, long> value) =>
            UserCode.Publish(() => meter.CreateObservableCounter(name, () => value(read()), unit, description));
    }
}
