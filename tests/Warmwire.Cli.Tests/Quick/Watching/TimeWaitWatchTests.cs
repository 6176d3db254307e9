using System.Net.NetworkInformation;
using Warmwire.Cli.Quick.Watching;
using Warmwire.Cli.Sockets;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Watching;

public sealed class TimeWaitWatchTests
{
    private static readonly TcpRemote s_upstream = new(1, IsV6: false, Port: 443);

    [Fact]
    public void Each_is_counted_once_when_it_comes_and_again_when_its_port_comes_back()
    {
        var watch = new TimeWaitWatch();
        Look(watch, counts: false, 1);
        Look(watch, counts: false, 1, 2);
        Assert.Empty(watch.EnteredByRemote);
        Look(watch, counts: true, 1, 2, 3);
        Look(watch, counts: true, 2, 3, 4, 5);
        Look(watch, counts: true, 5);
        Assert.Equal(3, watch.EnteredByRemote[s_upstream]);
        Look(watch, counts: true, 5, 3);
        Assert.Equal(4, watch.EnteredByRemote[s_upstream]);
    }

    private static void Look(TimeWaitWatch watch, bool counts, params int[] localPorts) =>
        watch.Look(localPorts.Select(static port => new TcpLine(port, s_upstream, TcpState.TimeWait, 0)), counts);
}
