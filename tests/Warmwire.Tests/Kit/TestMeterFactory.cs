using System.Diagnostics.Metrics;

namespace Warmwire.Tests.Kit;

/// <summary>Gives a handler meters of its own, so that tests that run side by side do not see each other's numbers.</summary>
public sealed class TestMeterFactory : IMeterFactory
{
    private readonly Lock _gate = new();
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Scope = this;
        var meter = new Meter(options);
        lock (_gate)
        {
            _meters.Add(meter);
        }

        return meter;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _meters.ForEach(meter => meter.Dispose());
        }
    }
}
