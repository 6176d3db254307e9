using System.Net.NetworkInformation;
using Warmwire.Cli.Sockets;
using Xunit;

namespace Warmwire.Cli.Tests.Sockets;

public sealed class TcpTableTests
{
    private const string Tcp = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17 1 0000000000000000 100 0 0 10 0
           1: 0100007F:9C40 0100007F:1F90 06 00000000:00000000 03:000017A2 00000000     0        0 0 3 0000000000000000
           2: 0100007F:9C42 0100007F:1F90 05 00000000:00000000 00:00000000 00000000     0        0 0 2 0000000000000000
           3: 0100007F:1F90 0100007F:9C44 06 00000000:00000000 03:000017A2 00000000     0        0 0 3 0000000000000000
           4: 0100007F:9C46 0100007F:01BB 06 00000000:00000000 03:000017A2 00000000     0        0 0 3 0000000000000000
        10000: 0100007F:9C48 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 21 1 0000000000000000 20 4 30 10 -1
        """;

    private const string Tcp6 = """
          sl local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode
           0: 00000000000000000000000001000000:9C40 00000000000000000000000001000000:1F90 06 00000000:00000000 03:000017A2 00000000 0 0 0
        """;

    [Fact]
    public void Sockets_are_told_apart_by_the_port_of_the_other_end() => Assert.Equal(
        [TcpState.TimeWait, TcpState.FinWait2, TcpState.Established],
        TcpTable.Parse(Tcp.Split('\n'), remotePort: 8080));

    [Fact]
    public void Without_a_port_all_sockets_count() =>
        Assert.Equal(3, TcpTable.Parse(Tcp.Split('\n'), remotePort: null).Count(static state => state == TcpState.TimeWait));

    [Fact]
    public void The_table_of_ipv6_has_longer_addresses() =>
        Assert.Equal([TcpState.TimeWait], TcpTable.Parse(Tcp6.Split('\n'), remotePort: 8080));

    [Fact]
    public void Text_that_is_no_table_has_no_sockets() =>
        Assert.Empty(TcpTable.Parse(["", "a b", "a b c d e f", "1: x:y z:q 06 0"], remotePort: null));

    [Fact]
    public void This_machines_table_can_be_read() => Assert.InRange(TcpTable.Read(remotePort: null).TimeWait, 0, int.MaxValue);
}
