using System.Diagnostics;
using Warmwire.Connections;
using Xunit;

namespace Warmwire.Tests.Pooling;

public class ZzStopwatch(ITestOutputHelper output)
{
    [Fact]
    public async Task Measure()
    {
        using var rig = new StubRig(settings => settings.TimeProvider = TimeProvider.System);
        await rig.OpenIdle(2);
        Attempt attempt = rig.Attempt();
        var probe = StubRig.Probe();
        for (int round = 0; round < 12; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 1_000_000; i++)
            {
                rig.Pool.TryLeaseIdle(probe, attempt, out HttpConnection? connection);
                connection!.Release();
            }

            output.WriteLine($"{Stopwatch.GetElapsedTime(start).TotalNanoseconds / 1_000_000:F1} ns");
        }
    }
}
