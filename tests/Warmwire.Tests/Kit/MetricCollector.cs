using System.Diagnostics.Metrics;
using System.Globalization;

namespace Warmwire.Tests.Kit;

public sealed record MetricPoint(string Instrument, double Value, IReadOnlyDictionary<string, object?> Tags)
{
    /// <summary>Whether it has all these tags; values are compared as text, so 80 and "80" are the same.</summary>
    public bool Has(params ReadOnlySpan<(string Key, object? Value)> tags)
    {
        foreach ((string key, object? value) in tags)
        {
            if (!Tags.TryGetValue(key, out object? actual) || Text(actual) != Text(value))
            {
                return false;
            }
        }

        return true;

        static string? Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture);
    }
}

/// <summary>Records the measurements of the meter "Warmwire", or of another.</summary>
public sealed class MetricCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private List<MetricPoint> _points = [];

    /// <summary>
    /// Listens to the meters of one factory, or of the whole process if there is none; then filter by tags, since tests run side by side.
    /// Without a name it listens to all of them.
    /// </summary>
    public MetricCollector(IMeterFactory? factory = null, string? meter = "Warmwire")
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if ((meter is null || instrument.Meter.Name == meter) && (factory is null || instrument.Meter.Scope == factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<byte>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<short>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<float>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<decimal>((instrument, value, tags, _) => Add(instrument, (double)value, tags));
        _listener.Start();
    }

    /// <summary>Everything recorded so far, in order.</summary>
    public IReadOnlyList<MetricPoint> Points
    {
        get
        {
            lock (_gate)
            {
                return [.. _points];
            }
        }
    }

    public IReadOnlyList<MetricPoint> Of(string instrument, params (string Key, object? Value)[] tags) =>
        [.. Points.Where(point => point.Instrument == instrument && point.Has(tags))];

    /// <summary>The sum of what was recorded: the value of a counter or an up-down counter.</summary>
    public double Sum(string instrument, params (string Key, object? Value)[] tags) => Of(instrument, tags).Sum(point => point.Value);

    /// <summary>How often it was recorded: the count of a histogram.</summary>
    public int Count(string instrument, params (string Key, object? Value)[] tags) => Of(instrument, tags).Count;

    /// <summary>The value of a gauge.</summary>
    public double? Last(string instrument, params (string Key, object? Value)[] tags) =>
        Of(instrument, tags) is [.., { } last] ? last.Value : null;

    /// <summary>Asks the observable instruments, and sums what this one says now.</summary>
    public double Observe(string instrument, params (string Key, object? Value)[] tags)
    {
        List<MetricPoint> earlier;
        lock (_gate)
        {
            (earlier, _points) = (_points, []);
        }

        _listener.RecordObservableInstruments();
        lock (_gate)
        {
            double sum = _points.Where(point => point.Instrument == instrument && point.Has(tags)).Sum(point => point.Value);
            _points.InsertRange(0, earlier);
            return sum;
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var copy = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            copy[tag.Key] = tag.Value;
        }

        lock (_gate)
        {
            _points.Add(new MetricPoint(instrument.Name, value, copy));
        }
    }
}
