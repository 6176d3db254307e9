using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Reflection;
using Warmwire.Diagnostics;
using Xunit;

namespace Warmwire.Tests.Docs;

public class TelemetryDocTests
{
    [Fact]
    public void Every_event_is_listed_with_id_level_and_fields()
    {
        int events = 0;
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly;
        foreach (MethodInfo method in typeof(WarmwireEventSource).GetMethods(Own))
        {
            if (method.GetCustomAttribute<EventAttribute>() is { } attribute)
            {
                string[] cells = DocFiles.Row("docs/events.md", method.Name, column: 1);
                Assert.Equal(attribute.EventId.ToString(System.Globalization.CultureInfo.InvariantCulture), cells[0]);
                Assert.Equal(attribute.Level.ToString(), cells[2]);
                Assert.Equal(string.Join(", ", method.GetParameters().Select(static p => p.Name)), cells[4]);
                events++;
            }
        }

        Assert.True(events > 0);
    }

    [Fact]
    public void Every_instrument_is_listed_with_its_unit()
    {
        using var factory = new Factory();
        var instruments = new List<Instrument>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Scope == factory)
            {
                instruments.Add(instrument);
            }
        } };
        listener.Start();
        TransportMetrics.For(factory);
        Assert.NotEmpty(instruments);
        foreach (Instrument instrument in instruments)
        {
            Assert.EndsWith($"`{instrument.Unit}`", DocFiles.Row("docs/metrics.md", instrument.Name)[1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_reason_is_explained()
    {
        foreach (string reason in Enum.GetNames<CloseReason>().Concat(Enum.GetNames<DialReason>()))
        {
            DocFiles.Row("docs/reuse.md", reason);
        }
    }

    [Fact]
    public void Every_phase_has_an_example()
    {
        string page = DocFiles.Read("docs/errors.md");
        foreach (string phase in Enum.GetNames<TransportPhase>())
        {
            Assert.Contains($"| `{phase}`", page, StringComparison.Ordinal);
        }
    }

    private sealed class Factory : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options.Name, options.Version, options.Tags, scope: this);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose() => _meters.ForEach(static meter => meter.Dispose());
    }
}
