using System.Net.NetworkInformation;
using Warmwire.Cli.Quick.Watching;
using Warmwire.Cli.Sockets;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Watching;

public sealed class TimeWaitWatchTests
{
    private static readonly TcpRemote s_upstream = new(1, IsV6: false, Port: 443);
    private static readonly TcpRemote s_function = new(1, IsV6: false, Port: 8080);

    [Fact]
    public void Each_is_counted_once_when_it_comes_and_again_when_its_port_comes_back()
    {
        var resting = new TimeWaitWatch();
        Look(resting, counts: false, 1);
        Look(resting, counts: false, 1, 2);
        Assert.Empty(resting.CameByRemote);
        Look(resting, counts: true, 1, 2, 3);
        Look(resting, counts: true, 2, 3, 4, 5);
        Look(resting, counts: true, 5);
        Assert.Equal(3, resting.CameByRemote[s_upstream]);
        Look(resting, counts: true, 5, 3);
        Assert.Equal(4, resting.CameByRemote[s_upstream]);
    }

    [Fact]
    public void Connections_of_its_callers_are_not_the_process_s()
    {
        var resting = new TimeWaitWatch();
        resting.Look([], [8080], counts: false);
        resting.Look([new TcpLine(50_000, s_function, TcpState.TimeWait, 0)], [8080], counts: true);
        Assert.Empty(resting.CameByRemote);
    }

    private static void Look(TimeWaitWatch resting, bool counts, params int[] localPorts) =>
        resting.Look(localPorts.Select(static port => new TcpLine(port, s_upstream, TcpState.TimeWait, 0)), [8080], counts);
}
