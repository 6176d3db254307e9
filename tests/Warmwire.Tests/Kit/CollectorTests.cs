using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xunit;

namespace Warmwire.Tests.Kit;

public class CollectorTests
{
    [Fact]
    public void Metrics_are_summed_and_filtered_by_tags()
    {
        using var factory = new TestMeterFactory();
        using var metrics = new MetricCollector(factory);
        Meter meter = factory.Create("Warmwire");
        Counter<long> counter = meter.CreateCounter<long>("connections");
        counter.Add(2, new("reason", "idle"), new("server.port", 80));
        counter.Add(3, new KeyValuePair<string, object?>("reason", "lifetime"));
        meter.CreateGauge<double>("gauge").Record(4.5);
        meter.CreateObservableGauge("observed", () => 7);
        factory.Create("Other").CreateCounter<int>("connections").Add(100);
        using var elsewhere = new Meter("Warmwire");
        elsewhere.CreateCounter<int>("connections").Add(1000);

        Assert.Equal(5, metrics.Sum("connections"));
        Assert.Equal(2, metrics.Sum("connections", ("server.port", "80")));
        Assert.Equal(1, metrics.Count("connections", ("reason", "lifetime")));
        Assert.Equal(4.5, metrics.Last("gauge"));
        Assert.Null(metrics.Last("missing"));
        Assert.Equal(7, metrics.Observe("observed"));
        Assert.Equal(7, metrics.Observe("observed"));
        Assert.Equal(5, metrics.Sum("connections"));
    }

    [Fact]
    public void Activities_are_collected()
    {
        using var activities = new ActivityCollector(activity => activity.GetTagItem("server.address") is "collector.test");
        using var source = new ActivitySource("Warmwire");
        using (Activity activity = source.StartActivity("other")!)
        {
            activity.SetTag("server.address", "other.test");
        }

        using (Activity activity = source.StartActivity("connect")!)
        {
            activity.SetTag("server.address", "collector.test");
            Assert.Single(activities.Started);
            Assert.Empty(activities.Stopped);
        }

        Assert.Equal("connect", Assert.Single(activities.Stopped).OperationName);
    }
}
